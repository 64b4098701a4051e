// One loop per run: takes events from its mailbox, applies them, records them, and only then acts.
//
// E1: a command that reaches outward (call, abort, lock, timer) is performed only after the events it follows from are durable. [P1]
// E2: events are recorded in the order in which they were applied, so folding them again gives the same state. [P10]
// E3: evaluations are pure and done at once: a step's result, the next step's input and the intent to call it are one append.
// E4: an engine that is fenced performs nothing more; one that cannot go on for any other reason only lets go of what is critical. [P5]
// E5: a run's time never goes back, and is at least that of every timer that fired: a clock that is set back delays no renewal. [P6]
import { type Entry, type Journal, JournalUnusable, OwnerFenced } from '../journal/index.ts'
import {
  type Approval,
  apply,
  type Command,
  criticalUntil,
  type Event,
  type Obligation,
  type Outcome,
  type Report,
  type RunState,
} from '../kernel/index.ts'
import { answersGiven } from './answer.ts'
import { type Call, type CallHost, startCall } from './calls.ts'
import { evaluate } from './evaluate.ts'
import type { Happening } from './happening.ts'
import { letGoOfCritical, letGoOfLate } from './last-act.ts'
import type { Lock, LockRequest, Locks } from './locks.ts'
import { createTimers } from './timers.ts'

/** A busy run is recorded after this many events at the latest, so that an entry stays small. */
const EVENTS_IN_ENTRY = 256
/** How long a record may take though something critical should have been let go already. */
const RECORD_GRACE_MS = 5000

export interface LoopOptions extends Omit<CallHost, 'post' | 'fenced'> {
  readonly journal: Journal
  readonly state: RunState
  readonly locks: Locks
  readonly report: (report: Report) => void
}

export interface RunLoop {
  readonly ended: Promise<Outcome>
  post(happening: Happening): void
  /** Performs nothing more; `ended` rejects. Resolves when the handlers under way have ended. */
  stop(reason: unknown): Promise<void>
}

type Outward = Exclude<Command, { kind: 'evaluate' | 'report' | 'finish' }>

/** What one append records, and what may happen after it. */
interface Draft {
  readonly events: Event[]
  readonly obligations: Map<string, Obligation>
  readonly asked: Approval[]
  readonly settled: string[]
  readonly unlocks: string[]
  readonly outward: Outward[]
  readonly reports: Report[]
  outcome?: Outcome
}

export function startLoop(options: LoopOptions): RunLoop {
  const { runId, epoch, program, state, journal, clock } = options
  const mailbox: { readonly happening: Happening; readonly notBefore: number }[] = []
  const calls = new Map<string, Call>()
  /** What is still looked after of calls that were given up. */
  const late: Promise<void>[] = []
  const locks = new Map<string, Lock>()
  const mayHoldCritical = Object.values(program.resources).some(({ critical }) => critical)
  const now = (): number => Math.max(clock.now(), state.now)
  const timers = createTimers(clock, now, (timer, at) => void ring(timer, at).catch((error: unknown) => stop(error)))
  const host: CallHost = { ...options, post, fenced: (error) => void stop(error) }
  let wake = (): void => {}
  let refuse = (_reason: unknown): void => {}
  const over = new AbortController()

  function post(happening: Happening, notBefore = 0): void {
    mailbox.push({ happening, notBefore })
    wake()
  }

  /** The answer to a question counts until its time is over, also when this process has not heard of it yet. */
  async function ring(timer: string, at: number): Promise<void> {
    if (timer.startsWith('approval:')) for (const answer of await answersGiven(journal, runId)) post(answer)
    post({ kind: 'timerFired', timer }, at)
  }

  async function run(): Promise<Outcome> {
    adoptLocks()
    for (;;) {
      while (mailbox.length === 0 && !over.signal.aborted) await new Promise<void>((resolve) => (wake = resolve))
      const draft = await decide()
      over.signal.throwIfAborted()
      await record(entryOf(draft))
      over.signal.throwIfAborted()
      for (const report of draft.reports) options.report(report)
      for (const command of draft.outward) perform(command)
      if (draft.outcome) return draft.outcome
    }
  }

  /** Rejects also when the engine is to stop, and when something critical cannot wait until the journal can be written. */
  async function record(entry: Entry): Promise<void> {
    const untilMs = mayHoldCritical ? criticalUntil(program, state) : undefined
    const waiting = new AbortController()
    try {
      await new Promise<void>((resolve, reject) => {
        refuse = reject
        journal.append(runId, epoch, entry).then(resolve, reject)
        if (untilMs === undefined) return
        const longestMs = Math.max(untilMs - now(), RECORD_GRACE_MS)
        clock.sleep(longestMs, waiting.signal).then(
          () => reject(notTaken()),
          () => {},
        )
      })
    } finally {
      waiting.abort()
    }
  }

  async function giveUp(error: unknown): Promise<never> {
    leave()
    if (!(error instanceof OwnerFenced)) await letGoOfCritical({ ...options, calls: calls.values() })
    throw error
  }

  /** Applies what waits, and what that evaluates to; nothing leaves. */
  async function decide(): Promise<Draft> {
    const draft: Draft = { events: [], obligations: new Map(), asked: [], settled: [], unlocks: [], outward: [], reports: [] }
    while (draft.outcome === undefined && draft.events.length < EVENTS_IN_ENTRY) {
      const taken = mailbox.shift()
      if (taken === undefined) break
      const event: Event = { ...taken.happening, at: Math.max(now(), taken.notBefore) }
      draft.events.push(event)
      for (const command of apply(program, state, event)) await route(command, draft)
    }
    return draft
  }

  async function route(command: Command, draft: Draft): Promise<void> {
    switch (command.kind) {
      case 'evaluate':
        return post(await evaluate(program, command))
      case 'report':
        return note(command.report, draft)
      case 'finish':
        draft.outcome = command.outcome
        return
      case 'unlock':
        draft.unlocks.push(...withdraw(command.lock))
        draft.outward.push(command)
        return
      case 'call':
      case 'abort':
      case 'setTimer':
      case 'clearTimer':
      case 'lock':
        draft.outward.push(command)
        return
      default:
        return command satisfies never
    }
  }

  /** Told to listeners; and kept in the journal where others ask for it. */
  function note(report: Report, draft: Draft): void {
    draft.reports.push(report)
    if (report.kind === 'obligation') draft.obligations.set(report.obligation.id, report.obligation)
    if (report.kind !== 'approval') return
    if (report.state === 'asked') draft.asked.push(report.approval)
    else draft.settled.push(report.approval.path)
  }

  /** The name to unlock with the next entry. A request that holds nothing yet is withdrawn at once, before it can be granted. */
  function withdraw(id: string): readonly string[] {
    const lock = locks.get(id)
    if (lock?.isHeld()) return [lock.name]
    lock?.giveUp()
    return []
  }

  function perform(command: Outward): void {
    switch (command.kind) {
      case 'call': {
        const call = startCall(host, command)
        calls.set(command.id, call)
        void call.over.then(() => calls.delete(command.id))
        if (command.purpose === 'step') void call.givenUp.then(() => late.push(letGoOfLate(options, command.path, call)))
        return
      }
      case 'abort':
        return calls.get(command.call)?.abort(command.reason)
      case 'setTimer':
        return timers.set(command.timer, command.at)
      case 'clearTimer':
        return timers.clear(command.timer)
      case 'lock':
        return requestLock(command.lock, command.name, () => post({ kind: 'lockGranted', lock: command.lock }))
      case 'unlock':
        locks.get(command.lock)?.giveUp()
        locks.delete(command.lock)
        return
      default:
        return command satisfies never
    }
  }

  function requestLock(lock: string, name: string, granted: () => void): void {
    locks.get(lock)?.giveUp()
    locks.set(lock, options.locks.request(requestFor(name, granted)))
  }

  const requestFor = (name: string, granted: () => void): LockRequest => ({
    name,
    runId,
    epoch,
    granted,
    failed: (error) => void stop(error),
  })

  /** What the run held when its last engine died is its own still. */
  function adoptLocks(): void {
    for (const [lock, { name, granted }] of Object.entries(state.locks))
      if (granted) locks.set(lock, options.locks.adopt(requestFor(name, () => {})))
  }

  async function stop(reason: unknown): Promise<void> {
    over.abort(reason)
    wake()
    refuse(reason)
    leave()
    await Promise.all([...calls.values()].map((call) => call.over))
  }

  function leave(): void {
    timers.clearAll()
    for (const lock of locks.values()) lock.giveUp()
    for (const call of calls.values()) call.abort('the engine stopped')
  }

  const ended = run()
    .catch(giveUp)
    .finally(() => {
      leave()
      return Promise.all(late)
    })
  ended.catch(() => {})
  return { ended, post, stop }
}

const notTaken = (): JournalUnusable =>
  new JournalUnusable(
    'the journal',
    'took no record for as long as something critical may be held',
    'See which process holds its file, and whether its disk answers. Runs that stopped go on with `holdfast resume`.',
  )

const entryOf = ({ events, obligations, asked, settled, unlocks, outcome }: Draft): Entry => ({
  events,
  obligations: [...obligations.values()],
  asked,
  settled,
  unlocks,
  ...(outcome === undefined ? {} : { outcome }),
})
