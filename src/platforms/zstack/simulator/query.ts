// Queries: conditions that must all hold, groups, order, and a limit that cuts without a word.
export interface Queried {
  readonly inventories: readonly object[]
  readonly total?: number
}

export function queried(rows: readonly object[], query: URLSearchParams, mostRows: number): Queried {
  const conditions = query.getAll('q').map(conditionOf)
  const fitting = rows.filter((row) => conditions.every((holds) => holds(row)))
  const groupBy = query.get('groupBy')
  const grouped = groupBy === null ? fitting : firstOfEach(fitting, groupBy)
  const sort = query.get('sort')
  const sorted = sort === null ? grouped : grouped.toSorted(by(sort))
  const start = Number(query.get('start') ?? 0)
  const limit = Math.min(Number(query.get('limit') ?? mostRows), mostRows)
  return {
    inventories: sorted.slice(start, start + limit),
    ...(query.get('replyWithCount') === 'true' ? { total: sorted.length } : {}),
  }
}

/** As MySQL's GROUP BY: one row stands for all with the same value. */
const firstOfEach = (rows: readonly object[], field: string): readonly object[] => [
  ...new Map(rows.toReversed().map((row) => [(row as Record<string, unknown>)[field], row])).values(),
]

function conditionOf(text: string): (row: object) => boolean {
  const [, field = '', operator = '', value = ''] = /^(\w+)(!=|\?=|=|>)(.*)$/.exec(text) ?? []
  const told = (row: object) => String((row as Record<string, unknown>)[field] ?? '')
  if (operator === '>') return (row) => Number(told(row)) > Number(value)
  if (operator === '?=') return (row) => value.split(',').includes(told(row))
  return operator === '!=' ? (row) => told(row) !== value : (row) => told(row) === value
}

function by(sort: string) {
  const [sign, field] = [sort.startsWith('-') ? -1 : 1, sort.slice(1)]
  const keyOf = (row: object) => Number((row as Record<string, unknown>)[field] ?? 0)
  return (one: object, other: object): number => sign * (keyOf(one) - keyOf(other))
}
