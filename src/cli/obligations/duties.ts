// What runs hold on the platforms at this moment: how old it is, on which target, and whether anybody is about to let go of it.
import { programOf } from '../../engine/index.ts'
import { type Journal, type ObligationRecord, ownerLives } from '../../journal/index.ts'
import type { Program } from '../../kernel/index.ts'
import { parseUnlessPrepared } from '../../packs/index.ts'
import { isObject, type Json, type JsonObject } from '../../values/index.ts'
import type { Host } from '../host.ts'
import { obligationFacts } from '../views/index.ts'

export interface Duty extends ObligationRecord {
  /** Configured targets that it is on; more than one where the acquiring call took several. */
  readonly targets: readonly string[]
  /** Since when it may be held, in milliseconds since the epoch. */
  readonly since: number
  readonly ageMs: number
  /** Harms the platform for as long as it is held, as a frozen guest does. */
  readonly critical: boolean
  /** No living run is going to release it: somebody has to. */
  readonly owed: boolean
  /** What lets go of it now. */
  readonly command: string
}

export interface DutyFilter {
  readonly olderThanMs?: number
  readonly target?: string
  readonly runId?: string
}

/** Critical ones first, then the oldest. */
export async function openDuties(host: Host, journal: Journal, now: number, filter: DutyFilter = {}): Promise<readonly Duty[]> {
  const { runId, olderThanMs = 0, target } = filter
  const open = await journal.obligations({ open: true, ...(runId === undefined ? {} : { runId }) })
  const duties: Duty[] = []
  for (const [id, records] of Map.groupBy(open, (each) => each.runId)) {
    const run = await journal.run(id)
    // A text that this version cannot read any more must not hide what is held.
    const program = await programOf(journal, id, parseUnlessPrepared(host.preparedDirectory)).catch(() => undefined)
    const lives = run?.status === 'running' && run.owner !== undefined && ownerLives(run.owner)
    const command = lives ? `holdfast cancel ${id}` : `holdfast ${run?.status === 'running' ? 'resume' : 'reap'} ${id}`
    duties.push(...records.map((record) => dutyOf(record, program, { lives, command, now })))
  }
  return duties
    .filter(({ ageMs, targets }) => ageMs >= olderThanMs && (target === undefined || targets.includes(target)))
    .sort((a, b) => Number(b.critical) - Number(a.critical) || b.ageMs - a.ageMs)
}

function dutyOf(
  record: ObligationRecord,
  program: Program | undefined,
  { lives, command, now }: { readonly lives: boolean; readonly command: string; readonly now: number },
): Duty {
  const { type, input, state, intendedAt, heldAt } = record.obligation
  const since = heldAt ?? intendedAt
  return {
    ...record,
    targets: [...new Set(targetsIn(input))],
    since,
    ageMs: Math.max(0, now - since),
    critical: program?.resources[type]?.critical === true,
    owed: !lives || state === 'owed',
    command,
  }
}

/** The configured targets in the input of a call. */
export function targetsIn(value: Json): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(targetsIn)
  if (!isObject(value)) return []
  return typeof value.$target === 'string' ? [value.$target] : Object.values(value).flatMap(targetsIn)
}

/** As programs see it, in lists and alerts. */
export const dutyFacts = ({ runId, obligation, targets, since, ageMs, critical, owed, command }: Duty): JsonObject => ({
  run: runId,
  ...obligationFacts(obligation),
  targets,
  since: new Date(since).toISOString(),
  ageMs,
  critical,
  owed,
  command,
})
