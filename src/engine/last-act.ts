// An engine that cannot go on, as on a full disk, gives up. What is critical it lets go first, as any engine that took the run over would
// begin by doing: its record says that it is held, so it will be let go again, which does no harm. [P2, P5]
import { OwnerFenced } from '../journal/index.ts'
import { apply, type Command, type Event, forkState, type Report, type RunState, resourceNamed } from '../kernel/index.ts'
import { type Call, type CallHost, startCall } from './calls.ts'
import { waitAtMost } from './clock.ts'
import type { Happening } from './happening.ts'
import { createTimers } from './timers.ts'

/** A handler that does not heed its abort is waited for no longer: somebody may be waiting for the engine to end. */
const LONGEST_MS = 60_000

export interface LastActOptions extends Omit<CallHost, 'post' | 'fenced'> {
  /** As it was last known; it stays as it is. */
  readonly state: RunState
  /** Those under way, which were asked to end. */
  readonly calls: ReadonlyMap<string, Call>
  readonly report: (report: Report) => void
}

/** Never rejects. Resolves when all that is critical is let go, or nothing more comes of it. */
export async function letGoOfCritical({ calls, ...options }: LastActOptions): Promise<void> {
  const hanging = (await Promise.all([...calls].map(([id, call]) => ended(options, id, call)))).flat()
  await letGo(options)
  if (hanging.length === 0) return
  // What one of them acquires after all nobody else will know of.
  await waitAtMost(options.clock, LONGEST_MS, Promise.all(hanging.map((call) => call.over)))
  await letGo(options)
}

/** Waits for a call's end. Answers the call where its handler hangs and may yet acquire something critical. */
function ended({ program, state }: Pick<LastActOptions, 'program' | 'state'>, id: string, call: Call): Promise<readonly Call[]> {
  const obligation = state.obligations[state.calls[id]?.path ?? '']
  const hangs = obligation && resourceNamed(program, obligation.type).critical ? [call] : []
  return Promise.race([call.over.then(() => []), call.givenUp.then(() => hangs)])
}

async function letGo({ state, report, ...options }: Omit<LastActOptions, 'calls'>): Promise<void> {
  const copy = forkState(state)
  const { clock, program, journal } = options
  const now = (): number => Math.max(clock.now(), copy.now)
  const { promise: over, resolve: finish } = Promise.withResolvers<void>()
  const calls = new Map<string, Call>()
  const timers = createTimers(clock, now, (timer) => take({ kind: 'timerFired', timer }))
  const host: CallHost = {
    ...options,
    journal: { ...journal, assertOwner: (id, epoch) => unlessFenced(() => journal.assertOwner(id, epoch)) },
    post: take,
    fenced: () => finish(),
  }

  function take(happening: Happening): void {
    const commands = apply(program, copy, { ...happening, at: now() } as Event)
    // The rest is for an engine that can record it.
    if (copy.phase !== 'recovering') return finish()
    for (const command of commands) perform(command)
  }

  function perform(command: Command): void {
    if (command.kind === 'call') calls.set(command.id, startCall(host, command))
    else if (command.kind === 'abort') calls.get(command.call)?.abort(command.reason)
    else if (command.kind === 'setTimer') timers.set(command.timer, command.at)
    else if (command.kind === 'clearTimer') timers.clear(command.timer)
    else if (command.kind === 'report' && command.report.kind === 'retrying') report(command.report)
  }

  take({ kind: 'restarted' })
  await over
  timers.clearAll()
}

/** A journal that cannot be read says nothing of who owns the run, and what is critical goes whoever does. */
function unlessFenced(assert: () => void): void {
  try {
    assert()
  } catch (error) {
    if (error instanceof OwnerFenced) throw error
  }
}
