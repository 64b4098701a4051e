// What stands on a platform, judged by the ledger: what runs of this journal hold, what they should have released, and what bears
// the mark of a run that this journal does not know. Runbooks name what they make after the run, so the name tells whose it is.
import type { Listed } from '../../engine/index.ts'
import type { ObligationRecord } from '../../journal/index.ts'
import { isOpen } from '../../kernel/index.ts'
import type { ResourceType } from '../../packs/index.ts'
import type { Json } from '../../values/index.ts'
import { targetsIn } from './duties.ts'

export type Verdict =
  /** In the ledger, and to be released. */
  | 'open'
  /** In the ledger as kept: the runbook wanted it to stay. */
  | 'kept'
  /** Released a moment ago; the platform may list it still. */
  | 'settling'
  /** A run of this journal made it, and nothing in the ledger is going to release it. */
  | 'leak'
  /** It bears the mark of a run, and this journal knows no such run. */
  | 'foreign'
  | 'unrelated'

export interface Judged {
  readonly found: Listed
  readonly verdict: Verdict
  /** Run that made it, as far as that is known. */
  readonly run?: string
}

export interface Ledger {
  /** Open and settled, of every run. */
  readonly obligations: readonly ObligationRecord[]
  readonly runs: ReadonlySet<string>
  readonly target: string
  /** What names of Holdfast's things start with, besides holding a run's id. */
  readonly prefix: string
  readonly now: number
}

const RUN_ID = /\d{6}-\d{6}-[0-9a-f]{6}/

export function judge(found: Listed, type: ResourceType, { obligations, runs, target, prefix, now }: Ledger): Judged {
  const here = obligations.filter(({ obligation }) => targetsIn(obligation.input).includes(target))
  const texts = Object.values(found.identity).filter((value) => typeof value === 'string')
  const key = keyOf(found.type, type.identity, found.identity)
  const same = here.filter(({ obligation }) => keyOf(obligation.type, type.identity, obligation.identity) === key)
  const marked = texts.find((text) => RUN_ID.test(text) || text.startsWith(prefix))
  // A platform may list one thing in several ways, such as a snapshot of a group with each of its members.
  const alias = marked === undefined ? [] : here.filter(({ obligation }) => Object.values(obligation.identity).includes(marked))
  const [record] = (same.length > 0 ? same : alias).toSorted((a, b) => weightOf(b) - weightOf(a))
  if (record) return { found, verdict: verdictOf(record, type, now), run: record.runId }
  if (marked === undefined) return { found, verdict: 'unrelated' }
  const run = RUN_ID.exec(marked)?.[0] ?? [...runs].find((id) => marked.includes(id))
  if (run === undefined) return { found, verdict: 'foreign' }
  return { found, verdict: runs.has(run) ? 'leak' : 'foreign', run }
}

/** What is open counts, whatever was settled before under the same name. */
const weightOf = ({ obligation }: ObligationRecord): number =>
  isOpen(obligation) ? Number.POSITIVE_INFINITY : (obligation.settledAt ?? 0)

function verdictOf({ obligation }: ObligationRecord, { appearsWithinMs }: ResourceType, now: number): Verdict {
  if (isOpen(obligation)) return 'open'
  if (obligation.state === 'kept') return 'kept'
  return now < (obligation.settledAt ?? 0) + appearsWithinMs ? 'settling' : 'leak'
}

const keyOf = (type: string, names: readonly string[], identity: Readonly<Record<string, Json>>): string =>
  JSON.stringify([type, ...names.map((name) => identity[name] ?? null)])
