// Tells the configured hooks what is held too long, or owed at the end of a run: each hook of each obligation once for each reason.
// A hook that fails is named and tried again the next time. Nothing here changes how a run ends.
import { hostname } from 'node:os'
import type { Journal } from '../../journal/index.ts'
import type { Clock } from '../../packs/index.ts'
import type { Config, Hook } from '../config/index.ts'
import type { Host } from '../host.ts'
import { type Duty, openDuties } from '../obligations/index.ts'
import { type Because, bodyOf, type Origin, type Told } from './body.ts'
import { idOf, tell } from './hooks.ts'
import { type Memory, readMemory, writeMemory } from './memory.ts'

/** A hook that was told; or, with `problem`, that could not be. */
export interface Telling {
  readonly hook: Hook
  readonly obligations: number
  readonly problem?: string
}

export interface Alerting {
  /** What is critical and owed, and what is older than the thresholds. */
  look(): Promise<readonly Telling[]>
  /** What this run, which has ended, still owes. */
  runEnded(runId: string): Promise<readonly Telling[]>
}

export function openAlerts(host: Host, { alerts, stateDirectory, directory }: Config, journal: Journal, clock: Clock): Alerting {
  const { hooks, afterMs } = alerts

  async function tellAll(due: (duty: Duty) => readonly Because[]): Promise<readonly Telling[]> {
    if (hooks.length === 0) return []
    const now = clock.now()
    const duties = await openDuties(host, journal, now)
    const memory = await readMemory(stateDirectory)
    const origin: Origin = { at: now, hostName: hostname(), stateDirectory }
    const tellings = await Promise.all(
      hooks.map(async (hook) => {
        const known = memory[idOf(hook)] ?? {}
        const fresh = duties.flatMap((duty) => {
          const reasons = due(duty).filter((because) => !(known[nameOfDuty(duty)] ?? []).includes(nameOfReason(because)))
          return reasons.length === 0 ? [] : [{ duty, reasons }]
        })
        if (fresh.length === 0) return undefined
        const told: readonly Told[] = fresh.flatMap(({ duty, reasons: [because] }) => (because ? [{ duty, because }] : []))
        const problem = await tell(hook, bodyOf(told, origin), { directory, env: host.env })
        return { hook, fresh, obligations: fresh.length, ...(problem === undefined ? {} : { problem }) }
      }),
    )
    const sent = tellings.filter((each) => each !== undefined)
    if (sent.length > 0) await writeMemory(stateDirectory, afterwards(memory, hooks, duties, sent))
    return sent
  }

  return {
    look: () => tellAll((duty) => reasonsOf(duty, afterMs)),
    runEnded: (runId) => tellAll((duty) => (duty.runId === runId && duty.owed ? [{ kind: 'runEnded' }] : [])),
  }
}

/** A word to every hook that all is well, to see that it arrives. */
export function tellNothing(host: Host, { alerts, stateDirectory, directory }: Config, at: number): Promise<readonly Telling[]> {
  const body = bodyOf([], { at, hostName: hostname(), stateDirectory })
  return Promise.all(
    alerts.hooks.map(async (hook) => {
      const problem = await tell(hook, body, { directory, env: host.env })
      return { hook, obligations: 0, ...(problem === undefined ? {} : { problem }) }
    }),
  )
}

/** The weightiest first: that is the one which is told, and the others go with it. */
function reasonsOf({ critical, owed, ageMs }: Duty, afterMs: readonly number[]): readonly Because[] {
  const passed = afterMs.filter((thanMs) => ageMs >= thanMs).sort((a, b) => b - a)
  return [
    ...(critical && owed ? [{ kind: 'critical' } as const] : []),
    ...passed.map((thanMs) => ({ kind: 'older', thanMs }) as const),
  ]
}

const nameOfDuty = ({ runId, obligation }: Duty): string => `${runId} ${obligation.id}`
const nameOfReason = (because: Because): string => (because.kind === 'older' ? `older ${because.thanMs}` : because.kind)

interface Sent extends Telling {
  readonly fresh: readonly { readonly duty: Duty; readonly reasons: readonly Because[] }[]
}

/** What was told before and is still held, and what was told now. Settled obligations and hooks that are gone are forgotten. */
function afterwards(memory: Memory, hooks: readonly Hook[], duties: readonly Duty[], sent: readonly Sent[]): Memory {
  const open = new Set(duties.map(nameOfDuty))
  return Object.fromEntries(
    hooks.map((hook) => {
      const id = idOf(hook)
      const kept = Object.entries(memory[id] ?? {}).filter(([duty]) => open.has(duty))
      const told = sent.find((each) => each.hook === hook && each.problem === undefined)?.fresh ?? []
      const fresh = told.map(({ duty, reasons }) => {
        const name = nameOfDuty(duty)
        return [name, [...new Set([...(memory[id]?.[name] ?? []), ...reasons.map(nameOfReason)])]] as const
      })
      return [id, Object.fromEntries([...kept, ...fresh])]
    }),
  )
}
