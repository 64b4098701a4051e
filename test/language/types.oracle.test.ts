// The JSONata project's own cases judge the inference: for each, the type is inferred from the dataset, the expression is
// evaluated by the jsonata package, and every value that any part of it had must be of the type inferred for that part.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import jsonata from 'jsonata'
import { describe, expect, test } from 'vitest'
import type { Tree } from '../../src/language/expressions/index.ts'
import { inferTree } from '../../src/language/types/infer.ts'
import type { Finding } from '../../src/language/types/scope.ts'
import { mayBePresent, type Type } from '../../src/language/types/type.ts'
import { isObject, type Json } from '../../src/values/index.ts'
import { conforms, typeOfData } from './conforms.ts'

interface Case {
  readonly case: string
  readonly expr: string
  readonly data?: Json
  readonly dataset?: string | null
  readonly bindings?: Readonly<Record<string, Json>>
  readonly result?: Json
  readonly undefinedResult?: boolean
  readonly code?: string
  readonly error?: unknown
  readonly timelimit?: number
}

const FOLDER = join(import.meta.dirname, '../cases/jsonata')
const readJson = (name: string) => JSON.parse(readFileSync(join(FOLDER, name), 'utf8'))
const datasets: Readonly<Record<string, Json>> = readJson('datasets.json')
const cases = readdirSync(join(FOLDER, 'groups')).flatMap((file) =>
  (readJson(join('groups', file)) as Case[]).map((each) => ({ ...each, name: `${file.slice(0, -5)}/${each.case}` })),
)

interface Verdict {
  readonly name: string
  readonly expr: string
  readonly kind: 'precise' | 'unknown' | 'refused'
  /** Parts whose value was not of the inferred type. */
  readonly unsound: readonly string[]
  /** Findings that say the case must fail, though it does not. */
  readonly falseErrors: readonly string[]
  readonly parts: number
  /** Cases that fail when they are evaluated, and of which the inference said so. */
  readonly foreseen: boolean
  readonly failed: boolean
}

async function judge(
  { name, expr, data, dataset, bindings = {} }: (typeof cases)[number],
  vary: Variation,
): Promise<Verdict | undefined> {
  const inputs = vary(data === undefined ? (typeof dataset === 'string' ? datasets[dataset] : undefined) : data)
  let compiled: ReturnType<typeof jsonata>
  try {
    compiled = jsonata(expr, { timeout: 5000, stack: 300 })
  } catch {
    return undefined
  }
  const tree = compiled.ast() as unknown as Tree
  const seen = new Map<Tree, Type>()
  const variables = Object.fromEntries(Object.entries(bindings).map(([key, value]) => [key, typeOfData([value])]))
  const { type, findings } = inferTree(tree, { root: typeOfData(inputs), variables, seen })
  const unsound = new Set<string>()
  const wrongly = new Set<string>()
  let parts = 0
  const look = (node: Tree, _input: unknown, _environment: unknown, raw: unknown): void => {
    const inferred = seen.get(node)
    if (!inferred) return
    parts += 1
    const value = collapsed(raw, node)
    if (isWrongly(value, node, findings)) wrongly.add(`${node.type} ${String(node.value)} ${node.position}`)
    if (value !== TUPLES && !conforms(value, inferred))
      unsound.add(`${node.type} ${String(node.value)} ${node.position}: ${print(value)} is not ${print(inferred)}`)
  }
  compiled.assign(Symbol.for('jsonata.__evaluate_exit') as unknown as string, look)
  let fine = 0
  for (const input of inputs) {
    try {
      const result: unknown = await compiled.evaluate(structuredClone(input), structuredClone(bindings))
      fine += 1
      if (!conforms(result, type)) unsound.add(`result ${print(result)} is not ${print(type)}`)
    } catch {
      // Some cases are there to fail, and some that work fail without what was left out.
    }
  }
  const mismatches = findings
    .filter(({ kind }) => kind === 'mismatch')
    .map((finding) => print({ ...finding, node: finding.node.position }))
  const failed = fine === 0
  return {
    name,
    expr,
    kind: type.any ? 'unknown' : 'precise',
    unsound: [...unsound],
    falseErrors: failed ? [] : [...mismatches, ...wrongly],
    parts,
    failed,
    foreseen: failed && (mismatches.length > 0 || (!mayBePresent(type) && !type.absent)),
  }
}

/** A name that is said to be bound to nothing has a value, or two sides that have nothing in common are equal. */
function isWrongly(value: unknown, node: Tree, findings: readonly Finding[]): boolean {
  return findings.some((finding) => {
    if (finding.kind === 'unbound') return finding.node === node && value !== undefined
    const isSide = node.type === 'binary' && (node.rhs === finding.node || node.lhs === finding.node)
    return finding.kind === 'never' && isSide && value !== (node.value === '!=')
  })
}

/** What one case is evaluated over; the type is inferred from what all of it has in common. */
type Variation = (input: Json | undefined) => readonly (Json | undefined)[]

const asItIs: Variation = (input) => [input]

/** Together with variants from which a third of the properties and items was left out. */
const withoutParts: Variation = (input) =>
  input === undefined ? [input] : [input, ...[1, 2, 3, 4].map((seed) => withoutSome(input, chances(seed)))]

function withoutSome(value: Json, chance: () => number): Json {
  const keep = (): boolean => chance() > 0.3
  if (Array.isArray(value)) return value.filter(keep).map((item) => withoutSome(item, chance))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(keep)
      .map(([key, field]) => [key, withoutSome(field, chance)]),
  )
}

/** The same numbers for the same seed (a linear congruential generator). */
function chances(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const TUPLES = Symbol('tuples')
const print = (value: unknown): string => JSON.stringify(value)?.slice(0, 600) ?? 'nothing'

/** The hook is called before a sequence of one becomes that one. */
function collapsed(raw: unknown, node: Tree): unknown {
  if (!Array.isArray(raw)) return raw
  const list = raw as unknown[] & { sequence?: boolean; tupleStream?: boolean; keepSingleton?: boolean }
  if (list.tupleStream) return TUPLES
  if (!list.sequence) return list
  if (list.length === 0) return undefined
  return list.length === 1 && !(node.keepArray || list.keepSingleton) ? list[0] : list
}

/** Cases that are there to take long. */
const isSlow = ({ name, timelimit }: (typeof cases)[number]): boolean =>
  timelimit !== undefined && /^(performance|tail-rec)/.test(name)

describe.each([
  ['as they are', asItIs],
  ['with parts of their data left out', withoutParts],
])('the cases of the JSONata suite, %s', async (title, vary) => {
  const verdicts: Verdict[] = []
  for (const each of cases.filter((one) => !isSlow(one))) {
    const verdict = await judge(each, vary)
    if (verdict) verdicts.push(verdict)
  }
  const valid = verdicts.filter(({ failed }) => !failed)
  const precise = valid.filter(({ kind }) => kind === 'precise')
  const unsound = verdicts.filter((each) => each.unsound.length > 0)
  const parts = verdicts.reduce((sum, each) => sum + each.parts, 0)
  const foreseen = verdicts.filter((each) => each.foreseen)
  console.log(
    [
      `JSONata suite ${title}: ${cases.length} cases, ${verdicts.length} of them tried, ${valid.length} yield a value or nothing:`,
      `${precise.length} precise (${((100 * precise.length) / valid.length).toFixed(1)} %), ${valid.length - precise.length} unknown, ${unsound.length} unsound;`,
      `${parts} values of parts of expressions held against the types of those parts;`,
      `of ${verdicts.length - valid.length} that fail when they are evaluated, ${foreseen.length} were foreseen`,
    ].join('\n'),
  )
  if (process.env.HOLDFAST_ORACLE) {
    for (const each of valid.filter(({ kind }) => kind === 'unknown')) console.log('unknown:', each.name, each.expr.slice(0, 200))
  }

  test('every value that is yielded is of the type that was inferred', () => {
    expect(unsound.map(({ name, expr, unsound: why }) => ({ name, expr, why }))).toEqual([])
  })

  test('no expression that works is called an error', () => {
    expect(valid.filter(({ falseErrors }) => falseErrors.length > 0)).toEqual([])
  })

  test('at least 70 % of the types are known', () => {
    expect(precise.length / valid.length).toBeGreaterThanOrEqual(0.7)
  })
})

test('a type that is too narrow would be noticed', () => {
  expect(conforms('x', { number: 'number' })).toBe(false)
  expect(conforms(undefined, { string: true })).toBe(false)
  expect(conforms(['x'], { array: { items: { string: ['y'] }, min: 0 } })).toBe(false)
  expect(conforms({ a: 1 }, { object: { properties: {} } })).toBe(false)
})
