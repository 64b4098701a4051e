// A run from its start to its end over as many engines as it takes: whenever one dies, the next takes over from the same records.
import type { Engine, StartRequest } from '../engine/index.ts'
import { type Journal, JournalUnusable } from '../journal/index.ts'
import type { Outcome } from '../kernel/index.ts'
import type { RehearsalClock } from './clock.ts'
import { mortal, type Records } from './mortal-journal.ts'

/** An engine from its start to its end, whichever comes. */
export interface Life {
  readonly engine: Engine
  /** What its handlers still do holds up time no more. */
  forget(): void
}

export interface LivesOptions {
  readonly journal: Journal
  readonly clock: RehearsalClock
  readonly runId: string
  readonly start: StartRequest
  readonly records: Records
  open(journal: Journal): Life
  /** Called before another engine takes over. */
  restarted?(): Promise<void>
  /** How long nobody performs the run after the engine died. */
  readonly awayMs?: () => number
}

export interface Lives {
  /** Ends the engine that performs the run, as a SIGKILL would. */
  kill(): void
  cancel(reason: string): void
  /** The outcome is missing where the run waits for what never comes. */
  readonly ended: Promise<{ readonly outcome: Outcome | undefined; readonly resumed: number }>
}

export function live({ journal, clock, runId, start, records, open, restarted, awayMs = () => 0 }: LivesOptions): Lives {
  let kill = (): void => {}
  let cancel: Lives['cancel'] = () => {}

  async function perform(engine: Engine, first: boolean): Promise<Outcome | undefined> {
    const summary = first ? undefined : await journal.run(runId)
    // It died between its last record and telling of it.
    if (summary?.outcome) return summary.outcome
    const run = summary ? await engine.resume(runId, { takeOver: true }) : await engine.start(start)
    cancel = run.cancel
    return run.ended
  }

  async function lives(): Promise<{ outcome: Outcome | undefined; resumed: number }> {
    const dead: Engine[] = []
    for (let resumed = 0; ; resumed += 1) {
      const life = mortal(journal, records)
      const { engine, forget } = open(life.journal)
      kill = life.kill
      const ended = await Promise.race([
        perform(engine, resumed === 0).catch(gaveUp),
        life.died.then(() => 'died' as const),
        clock.stuck.then(() => undefined),
      ])
      forget()
      if (ended === 'died') {
        life.kill()
        dead.push(engine)
        await clock.sleep(awayMs())
        const done = clock.busy()
        await restarted?.()
        done()
        continue
      }
      await engine[Symbol.asyncDispose]()
      // A process that died takes its calls with it; these would be kept in memory for as long as this one lives.
      for (const each of dead) void each[Symbol.asyncDispose]()
      return { outcome: ended, resumed }
    }
  }

  /** Its process ends: it may do nothing that it cannot record. */
  function gaveUp(error: unknown): 'died' {
    if (error instanceof JournalUnusable) return 'died'
    throw error
  }

  return { ended: lives(), kill: () => kill(), cancel: (reason) => cancel(reason) }
}
