// The failure matrix: each step and each way in which it can go wrong, what becomes of the run then, and what remains held.
import type { Outcome, Path } from '../kernel/index.ts'
import { fork } from './fork.ts'
import type { Node, Option, Subject } from './model.ts'
import { createNamer } from './naming/index.ts'
import { perform } from './perform.ts'
import { guestIn, levelsIn } from './points.ts'
import { reduced } from './reduce.ts'
import { firstNode, openOptions } from './search.ts'
import { deviationOf } from './story.ts'
import { createUnknowns, type Unknowns } from './unknowns.ts'

export interface Row {
  /** Path of the step, loop keys left out; empty for what concerns the whole run. */
  readonly path: Path
  readonly happens: string
  /** How the run can end then: `succeeded`, `failed: notFound`, `cancelled`. */
  readonly results: readonly string[]
  /** How guests are left then: `frozen`, `thawed`, `thawed by itself`, `never frozen`. */
  readonly guest: readonly string[]
  /** What restore points that are committed then say of their consistency; `none` where none is. */
  readonly consistency: readonly string[]
  /** What the run still owes at its end, for reap to settle. */
  readonly remains: readonly string[]
  /** Somebody is told, because something is owed. */
  readonly alert: boolean
}

export interface Table {
  readonly rows: readonly Row[]
  readonly complete: boolean
}

interface Draft {
  readonly path: Path
  readonly happens: string
  readonly results: Set<string>
  readonly guest: Set<string>
  readonly consistency: Set<string>
  readonly remains: Set<string>
}

interface Drafts {
  readonly rows: Map<string, Draft>
  readonly entries: { readonly row: string; readonly node: Node }[]
}

/** Follows every single deviation from a good day to the ends that it can have. */
export async function failureTable(subject: Subject, maxStates: number): Promise<Table> {
  const unknowns = createUnknowns(subject)
  const drafts: Drafts = { rows: new Map(), entries: [] }
  let left = maxStates
  left -= await walk(subject, unknowns, [firstNode(subject)], 1, left, (node, options) =>
    deviate(subject, unknowns, drafts, node, options),
  )
  for (const [row, { results, guest, consistency, remains }] of drafts.rows) {
    const nodes = drafts.entries.filter((entry) => entry.row === row).map(({ node }) => node)
    left -= await walk(subject, unknowns, nodes, 0, left, ({ state, world }) => {
      if (!world.finished || world.reaped || !state.outcome) return
      results.add(resultOf(state.outcome))
      guest.add(guestIn(world))
      const levels = levelsIn(world)
      for (const level of levels.length === 0 ? ['none'] : levels) consistency.add(withoutKeys(level))
      for (const path of state.outcome.owed) remains.add(withoutKeys(path))
    })
  }
  const rows = [...drafts.rows.values()].map((row) => ({
    path: row.path,
    happens: row.happens,
    results: [...row.results].sort(),
    guest: [...row.guest].sort(),
    consistency: [...row.consistency].sort(),
    remains: [...row.remains].sort(),
    alert: row.remains.size > 0,
  }))
  return { rows, complete: left > 0 }
}

/** Visits every state that moves free of charge lead to. Answers how many. */
async function walk(
  subject: Subject,
  unknowns: Unknowns,
  starts: readonly Node[],
  budget: 0 | 1,
  limit: number,
  visit: (node: Node, options: readonly Option[]) => void,
): Promise<number> {
  const seen = new Set<string>()
  const namer = createNamer(subject, unknowns.lists)
  const queue = [...starts]
  for (let at = 0; at < queue.length && at < limit; at += 1) {
    const node = queue[at]
    if (!node) break
    const options = await openOptions(subject, unknowns, node)
    visit(node, options)
    const chosen = reduced(subject, unknowns, node, options, budget)
    for (const [choice, option] of options.entries()) {
      if (option.cost > 0 || (chosen && !chosen.has(choice))) continue
      const next = fork(node)
      perform(subject, unknowns, next, option)
      const { a, b } = namer.nameOf(namer.sumOf(next))
      const key = `${a} ${b}`
      if (!seen.has(key)) queue.push(next)
      seen.add(key)
    }
  }
  return queue.length
}

function deviate(subject: Subject, unknowns: Unknowns, { rows, entries }: Drafts, node: Node, options: readonly Option[]): void {
  for (const option of options) {
    if (option.cost === 0) continue
    const next = fork(node)
    perform(subject, unknowns, next, option)
    const { path, happens } = deviationOf(subject, node, option)
    const row = `${withoutKeys(path)} ${happens}`
    if (!rows.has(row)) rows.set(row, newDraft(withoutKeys(path), happens))
    entries.push({ row, node: next })
  }
}

const newDraft = (path: Path, happens: string): Draft => ({
  path,
  happens,
  results: new Set(),
  guest: new Set(),
  consistency: new Set(),
  remains: new Set(),
})

const withoutKeys = (path: Path): Path => path.replace(/\[[^\]]*\]/g, '')
const resultOf = ({ status, failure }: Outcome): string => (failure ? `${status}: ${failure.type}` : status)
