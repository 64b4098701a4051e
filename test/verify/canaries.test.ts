// Kernels, manifests and runbooks that are broken on purpose. A judge that lets one of them pass proves nothing about the rest.
import { describe, expect, it } from 'vitest'
import { apply, type Command, type Event, forkState, type Program, type RunState } from '../../src/kernel/index.ts'
import type { Action, ResourceType } from '../../src/packs/index.ts'
import type { PromiseName, Subject, Transition } from '../../src/verify/index.ts'
import * as runbooks from './runbooks.ts'

const { subject, verify } = runbooks

interface Canary {
  readonly what: string
  readonly breaks: PromiseName
  readonly subject: Subject
  readonly faults?: number
}

// ---- broken kernels ---------------------------------------------------------------------------------------------

type Change = (event: Event, state: RunState, program: Program) => readonly Command[]
const kernel =
  (change: Change): Transition =>
  (program, state, event) =>
    change(event, state, program)

/** The kernel hears something else than what happened. */
const hearing = (mishear: (event: Event, state: RunState) => Event): Transition =>
  kernel((event, state, program) => apply(program, state, mishear(event, state)))

/** Some of its commands are lost. */
const losing = (isLost: (command: Command, event: Event) => boolean): Transition =>
  kernel((event, state, program) => apply(program, state, event).filter((command) => !isLost(command, event)))

/** Its state is spoilt before and after each event. */
const spoiling = (spoil: (state: RunState, event: Event) => void): Transition =>
  kernel((event, state, program) => {
    spoil(state, event)
    const commands = apply(program, state, event)
    spoil(state, event)
    return commands
  })

/** The program it goes by is another one for some events. */
const misreading = (when: (event: Event) => boolean, read: (program: Program) => Program): Transition =>
  kernel((event, state, program) => apply(when(event) ? read(program) : program, state, event))

const isTimer = (command: Command, kind: string): boolean => command.kind === 'setTimer' && command.timer.startsWith(`${kind}:`)
const isRelease = (event: Event, state: RunState): boolean => 'call' in event && state.calls[event.call]?.purpose === 'release'
const forget = (record: Record<string, unknown>): void => {
  for (const name of Object.keys(record)) delete record[name]
}
const resources = (program: Program, change: Partial<ResourceType>): Program => ({
  ...program,
  resources: Object.fromEntries(Object.entries(program.resources).map(([name, type]) => [name, { ...type, ...change }])),
})
const actions = (program: Program, name: string, change: Partial<Action>): Program => {
  const action = program.actions[name]
  if (!action) throw new Error(name)
  return { ...program, actions: { ...program.actions, [name]: { ...action, ...change } } }
}

/** On a state that shares nothing with others: who spoils it spoils no other. */
const alone =
  (broken: Transition): Transition =>
  (program, state, event) =>
    broken(program, Object.assign(state, forkState(state)), event)

const breaking = (what: string, breaks: PromiseName, of: Program, broken: Transition, more: Partial<Canary> = {}): Canary => ({
  what,
  breaks,
  subject: subject(of, { apply: alone(broken) }),
  ...more,
})

const ended = (state: RunState): readonly Command[] => {
  state.phase = 'finished'
  const outcome = { status: 'failed', owed: [] } as const
  state.outcome = outcome
  return [{ kind: 'finish', outcome }]
}

const KERNELS: readonly Canary[] = [
  breaking(
    'a copy that failed counts as done',
    'P8',
    runbooks.stored,
    hearing((event, state) =>
      event.kind === 'callFailed' && state.calls[event.call]?.path === 'backup/copy'
        ? { kind: 'callSucceeded', at: event.at, call: event.call, output: {} }
        : event,
    ),
  ),
  breaking(
    'a freeze that ended by itself leaves its scope clean',
    'P9',
    runbooks.honest,
    hearing((event, state) =>
      event.kind === 'callFailed' && isRelease(event, state)
        ? { kind: 'callSucceeded', at: event.at, call: event.call, output: {} }
        : event,
    ),
  ),
  breaking(
    'clean-up lives in memory only: another process knows of nothing',
    'P2',
    runbooks.simple,
    kernel((event, state, program) => {
      if (event.kind !== 'restarted') return apply(program, state, event)
      for (const record of [state.obligations, state.steps, state.blocks, state.calls, state.timers, state.evaluations])
        forget(record)
      return ended(state)
    }),
  ),
  breaking(
    'a question is forgotten when the process dies',
    'ends',
    runbooks.asking,
    spoiling((state, event) => {
      if (event.kind === 'restarted') forget(state.approvals)
    }),
  ),
  breaking(
    'an answer goes on before what is critical is let go',
    'P5',
    runbooks.askingLong,
    hearing((event, state) => {
      if (event.kind === 'approvalAnswered' && state.phase === 'recovering') state.phase = 'running'
      return event
    }),
  ),
  breaking(
    'what a called runbook acquires belongs to nobody',
    'P2',
    runbooks.calling,
    spoiling((state) => {
      for (const { owned } of Object.values(state.blocks)) {
        const at = owned.indexOf('backup/take/snap')
        if (at >= 0) owned.splice(at, 1)
      }
    }),
    { faults: 0 },
  ),
  breaking(
    'what is acquired is recorded after the call',
    'P1',
    runbooks.simple,
    kernel((event, state, program) => {
      const holder = state as RunState & { late?: RunState['obligations'] }
      Object.assign(state.obligations, holder.late)
      const commands = apply(program, state, event)
      holder.late = {}
      for (const command of commands) {
        const { [command.kind === 'call' && command.purpose === 'step' ? command.path : '']: own } = state.obligations
        if (!own) continue
        holder.late[own.id] = own
        delete state.obligations[own.id]
      }
      return commands
    }),
  ),
  breaking(
    'releases are skipped in a cancelled scope',
    'P2',
    runbooks.simple,
    kernel((event, state, program) => {
      const commands = [...apply(program, state, event)]
      const call = commands.find((command) => command.kind === 'call' && command.purpose === 'release')
      if (call?.kind !== 'call' || !state.blocks.run?.cancelled) return commands
      const pretended = apply(program, state, { kind: 'callSucceeded', call: call.id, output: {}, at: event.at })
      return [...commands.filter((command) => command !== call), ...pretended]
    }),
  ),
  breaking(
    'errors of a release are swallowed',
    'P2',
    runbooks.simple,
    hearing((event, state) =>
      event.kind === 'callFailed' && isRelease(event, state)
        ? { kind: 'callSucceeded', call: event.call, output: {}, at: event.at }
        : event,
    ),
  ),
  breaking(
    'the oldest is released first',
    'P4',
    runbooks.leased,
    spoiling((state) => {
      for (const obligation of Object.values(state.obligations)) Object.assign(obligation, { parents: [] })
      state.blocks.backup?.owned.sort((a, b) => a.localeCompare(b))
    }),
    { faults: 0 },
  ),
  breaking(
    'a parent is released under a child that outlives its scope',
    'P4',
    runbooks.longLived,
    spoiling((state) => {
      for (const obligation of Object.values(state.obligations)) Object.assign(obligation, { parents: [] })
    }),
    { faults: 0 },
  ),
  breaking(
    'leases are never renewed',
    'P6',
    runbooks.waiting,
    losing((command) => isTimer(command, 'renew')),
  ),
  breaking(
    'renewals stop after the first',
    'P6',
    runbooks.waiting,
    losing((command, event) => isTimer(command, 'renew') && event.kind === 'callSucceeded' && event.at >= 60_000),
    { faults: 0 },
  ),
  breaking(
    'a restart forgets the calls that were under way',
    'ends',
    runbooks.simple,
    spoiling((state, event) => {
      if (event.kind === 'restarted') forget(state.calls)
    }),
  ),
  breaking(
    'a restart forgets the timers',
    'ends',
    runbooks.waiting,
    losing((command, event) => event.kind === 'restarted' && command.kind === 'setTimer'),
  ),
  breaking(
    'a restart lets the critical wait its turn',
    'P5',
    runbooks.quiesced,
    misreading(
      (event) => event.kind === 'restarted',
      (program) => resources(program, { critical: false }),
    ),
  ),
  breaking(
    'nobody watches how long the critical is held',
    'P5',
    runbooks.quiesced,
    losing((command) => isTimer(command, 'maxHold')),
  ),
  breaking(
    'a lost answer is taken for a refusal',
    'P2',
    runbooks.simple,
    hearing((event) => (event.kind === 'callFailed' ? { ...event, failure: { ...event.failure, applied: 'no' } } : event)),
  ),
  breaking(
    'a time-out is taken for a refusal',
    'P2',
    runbooks.simple,
    hearing((event) =>
      event.kind === 'callFailed' && event.failure.type === 'aborted'
        ? { ...event, failure: { ...event.failure, applied: 'no' } }
        : event,
    ),
  ),
  breaking(
    'what is found is not adopted',
    'P2',
    runbooks.simple,
    hearing((event, state) =>
      event.kind === 'callSucceeded' && state.calls[event.call]?.purpose === 'find'
        ? { ...event, output: { found: false } }
        : event,
    ),
  ),
  breaking(
    'locks are kept for ever',
    'locks',
    runbooks.locked,
    losing((command) => command.kind === 'unlock'),
    { faults: 0 },
  ),
  breaking(
    'every outcome is a success',
    'outcome',
    runbooks.note,
    kernel((event, state, program) =>
      apply(program, state, event).map((command) =>
        command.kind === 'finish' ? { ...command, outcome: { ...command.outcome, status: 'succeeded' as const } } : command,
      ),
    ),
  ),
  breaking(
    'the outcome hides what is owed',
    'outcome',
    runbooks.simple,
    kernel((event, state, program) =>
      apply(program, state, event).map((command) =>
        command.kind === 'finish' ? { ...command, outcome: { ...command.outcome, owed: [] } } : command,
      ),
    ),
  ),
  breaking(
    'a lost lease stops nothing',
    'P6',
    runbooks.leased,
    losing((command) => command.kind === 'abort' && command.reason === 'leaseLost'),
    { faults: 2 },
  ),
  breaking(
    'it renews once more while it releases',
    'P6',
    runbooks.leased,
    kernel((event, state, program) =>
      apply(program, state, event).flatMap((command) =>
        command.kind === 'call' && command.purpose === 'release' && command.action === 't/session.delete'
          ? [command, { ...command, id: `${command.id}again`, purpose: 'renew' as const, action: 't/session.renew' }]
          : [command],
      ),
    ),
    { faults: 0 },
  ),
  breaking(
    'everything is kept on success',
    'P2',
    runbooks.simple,
    spoiling((state) => {
      for (const obligation of Object.values(state.obligations)) Object.assign(obligation, { keepOnSuccess: true })
    }),
    { faults: 0 },
  ),
  breaking(
    'reap strikes out what is owed',
    'P2',
    runbooks.simple,
    kernel((event, state, program) => {
      if (event.kind !== 'reapRequested') return apply(program, state, event)
      forget(state.obligations)
      return ended(state)
    }),
  ),
  breaking(
    'the end of the run comes while something is held',
    'P2',
    runbooks.simple,
    kernel((event, state, program) => (event.kind === 'cancelRequested' ? ended(state) : apply(program, state, event))),
  ),
  breaking(
    'it breaks down on a failure',
    'kernel',
    runbooks.note,
    hearing((event) => {
      if (event.kind === 'callFailed') throw new Error('nobody thought of this')
      return event
    }),
  ),
  breaking(
    'a release is given up after its first failure, and its obligation dropped',
    'P2',
    runbooks.simple,
    kernel((event, state, program) => {
      const commands = apply(program, state, event)
      for (const obligation of Object.values(state.obligations))
        if (obligation.lastFailure && obligation.state === 'releasing') delete state.obligations[obligation.id]
      return commands
    }),
  ),
  breaking(
    'a call that may have applied is simply sent again',
    'P3',
    runbooks.note,
    hearing((event) =>
      event.kind === 'callFailed' ? { ...event, failure: { ...event.failure, applied: 'no', retryable: true } } : event,
    ),
  ),
  breaking(
    'a cancelled look-up is abandoned',
    'P2',
    runbooks.simple,
    kernel((event, state, program) => {
      if (event.kind === 'cancelRequested')
        for (const { id, state: at } of Object.values(state.obligations)) if (at === 'inDoubt') delete state.obligations[id]
      try {
        return apply(program, state, event)
      } catch {
        return ended(state)
      }
    }),
    { faults: 2 },
  ),
]

// ---- wrong manifests --------------------------------------------------------------------------------------------

const lying = (what: string, breaks: PromiseName, truth: Program, told: Program, more: Partial<Canary> = {}): Canary => ({
  what,
  breaks,
  subject: subject(told, { truth }),
  ...more,
})

const once = (of: Program, name: string): Program => actions(of, name, { idempotent: false })
const typed = (of: Program, name: string, change: Partial<ResourceType>): Program => {
  const type = of.resources[name]
  if (!type) throw new Error(name)
  return { ...of, resources: { ...of.resources, [name]: { ...type, ...change } } }
}
const releases = (of: Program, change: Partial<ResourceType['release']>): Program =>
  typed(of, 't/Snapshot', {
    release: { action: 't/snapshot.delete', idempotent: true, timeoutMs: 60_000, gone: ['notFound'], ...change },
  })
const leases = (of: Program, everyMs: number, lifetimeMs: number): Program =>
  typed(of, 't/Session', { lease: { renew: 't/session.renew', everyMs, lifetimeMs, lost: ['notFound'] } })
const refusing = actions(runbooks.simple, 't/snapshot.delete', {
  failures: { busy: { message: 'it is busy', retryable: true, applied: 'no' } },
})

const MANIFESTS: readonly Canary[] = [
  {
    what: 'a thaw does not say that the guest had thawed by itself',
    breaks: 'P9',
    subject: subject(
      typed(runbooks.honest, 't/Freeze', {
        release: { action: 't/freeze.delete', idempotent: true, timeoutMs: 1000, gone: [] },
      }),
    ),
  },
  lying('things appear later than the manifest says', 'P2', runbooks.simple, resources(runbooks.simple, { appearsWithinMs: 0 })),
  lying(
    'the slot that takes the parent is not marked',
    'P4',
    runbooks.longLived,
    actions(runbooks.longLived, 't/session.create', { input: { type: 'object', properties: { name: {}, snapshot: {} } } }),
    { faults: 0 },
  ),
  lying(
    'a call is said to be idempotent and is not',
    'P3',
    runbooks.note,
    actions(runbooks.note, 't/note', { idempotent: true }),
  ),
  lying(
    'the platform forgets keys sooner than the manifest says',
    'P3',
    actions(runbooks.keyed, 't/snapshot.createKeyed', { keyLifetimeMs: 500 }),
    runbooks.keyed,
  ),
  lying('leases live shorter than the manifest says', 'P6', leases(runbooks.waiting, 60_000, 50_000), runbooks.waiting, {
    faults: 0,
  }),
  lying('renewals are said to be due too seldom', 'P6', runbooks.waiting, leases(runbooks.waiting, 400_000, 500_000), {
    faults: 0,
  }),
  lying('what is critical is not said to be', 'P5', runbooks.quiesced, resources(runbooks.quiesced, { critical: false })),
  lying(
    'the critical may be held shorter than the manifest says',
    'P5',
    runbooks.quiesced,
    typed(runbooks.quiesced, 't/Freeze', { maxHoldMs: 50_000 }),
  ),
  lying(
    'a release is said to be idempotent and is not',
    'P3',
    releases(runbooks.simple, { idempotent: false }),
    releases(runbooks.simple, { idempotent: true }),
  ),
  lying('a failure is taken for a proof that it is gone', 'P2', refusing, releases(refusing, { gone: ['busy'] })),
  lying(
    'a call is said to be resumable and is not',
    'P3',
    once(runbooks.note, 't/note'),
    actions(runbooks.note, 't/note', { resumable: true }),
  ),
  lying(
    'a call that acquires is said to change only',
    'P1',
    runbooks.simple,
    actions(runbooks.simple, 't/snapshot.create', { effect: 'mutate' }),
    { faults: 0 },
  ),
]

// ---- runbooks that cannot work ----------------------------------------------------------------------------------

const RUNBOOKS: readonly Canary[] = [
  { what: 'a handle is used after its scope, for want of an owner', breaks: 'P4', subject: subject(runbooks.escaped), faults: 0 },
  {
    what: 'a called runbook hands out what it has let go itself',
    breaks: 'P4',
    subject: subject(runbooks.handedTooLate),
    faults: 0,
  },
  { what: 'something is ended while it is used', breaks: 'P4', subject: subject(runbooks.endedTooSoon), faults: 0 },
  { what: 'a scope waits for its own lock', breaks: 'ends', subject: subject(runbooks.lockedTwice), faults: 0 },
  { what: 'two branches wait for each other', breaks: 'ends', subject: subject(runbooks.lockedCrosswise), faults: 0 },
  { what: 'the base advances before anything is stored', breaks: 'P8', subject: subject(runbooks.committedFirst), faults: 0 },
  { what: 'the base advances with every disk', breaks: 'P8', subject: subject(runbooks.committedPerDisk), faults: 0 },
  { what: 'the base advances while the copy is under way', breaks: 'P8', subject: subject(runbooks.committedBesides), faults: 0 },
  { what: 'the base advances though a disk was not stored', breaks: 'P8', subject: subject(runbooks.storingEach) },
  {
    what: 'consistency is claimed though the freeze ended by itself',
    breaks: 'P9',
    subject: subject(runbooks.claiming('application')),
  },
  { what: 'consistency is claimed and nothing was frozen', breaks: 'P9', subject: subject(runbooks.neverFrozen), faults: 0 },
  { what: 'the snapshot is taken after the thaw', breaks: 'P9', subject: subject(runbooks.snappedTooLate), faults: 0 },
]

describe.each([
  ['a broken kernel', KERNELS],
  ['a wrong manifest', MANIFESTS],
  ['a runbook that cannot work', RUNBOOKS],
])('%s is found', (_, canaries) => {
  it.each(canaries)('$what [$breaks]', async ({ subject: broken, breaks, faults = 1 }) => {
    const { violations } = await verify(broken, { faults })
    expect(violations.flatMap((each) => each.violations.map(({ promise }) => promise))).toContain(breaks)
    for (const { faults: used } of violations) expect(used).toBeLessThanOrEqual(faults)
  })
})
