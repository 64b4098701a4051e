// Broken kernels: each breaks one promise.
import { apply, type Command, type RunState } from '../../../src/kernel/index.ts'
import * as runbooks from '../runbooks.ts'
import {
  breaking,
  type Canary,
  ended,
  forget,
  hearing,
  isRelease,
  isTimer,
  kernel,
  losing,
  misreading,
  resources,
  spoiling,
} from './broken.ts'

export const KERNELS: readonly Canary[] = [
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
  breaking(
    'reap does nothing',
    'P2',
    runbooks.simple,
    kernel((event, state, program) => (event.kind === 'reapRequested' ? finished(state) : apply(program, state, event))),
  ),
  breaking(
    'what was let go is handed out again',
    'P4',
    runbooks.escaped,
    spoiling((state) => {
      const holder = state as RunState & { kept?: RunState['obligations'] }
      holder.kept = { ...holder.kept, ...state.obligations }
      for (const [id, each] of Object.entries(holder.kept)) {
        if (each.state === 'releasing' && !state.obligations[id]) state.obligations[id] = { ...each, state: 'held' }
      }
    }),
    { faults: 0 },
  ),
  breaking(
    'what a call still uses is released at once when the run is cancelled',
    'P4',
    runbooks.leased,
    kernel((event, state, program) => {
      const isUsed = Object.values(state.calls).some(({ path }) => path === 'backup/copy')
      const commands = apply(program, state, event)
      return event.kind === 'cancelRequested' && isUsed ? [...commands, release('backup/session', 't/session.delete')] : commands
    }),
  ),
  breaking(
    'a lease is forgotten to be lost',
    'P6',
    runbooks.waiting,
    kernel((event, state, program) => {
      const lost = Object.values(state.obligations).filter(({ leaseLost }) => leaseLost === true)
      for (const each of lost) delete each.leaseLost
      const commands = apply(program, state, event)
      for (const { id } of lost) if (state.obligations[id]) Object.assign(state.obligations[id], { leaseLost: true })
      return commands
    }),
  ),
  breaking(
    'a release does not wait for the renewal under way',
    'P6',
    runbooks.waiting,
    spoiling((state) => forget(state.renewals)),
  ),
  breaking(
    'a release is tried again for ever',
    'ends',
    runbooks.simple,
    spoiling((state) => {
      for (const obligation of Object.values(state.obligations)) obligation.releaseAttempts = 0
    }),
  ),
  breaking(
    'a scope hides that its step failed',
    'outcome',
    runbooks.stored,
    kernel((event, state, program) =>
      apply(program, state, event).map((command) =>
        command.kind === 'report' && command.report.kind === 'stepEnded' && command.report.path === 'backup'
          ? { ...command, report: { ...command.report, outcome: 'succeeded' as const } }
          : command,
      ),
    ),
  ),
  breaking(
    'a run that still owes something is called a success',
    'outcome',
    runbooks.simple,
    kernel((event, state, program) =>
      apply(program, state, event).map((command) =>
        command.kind === 'finish' ? { ...command, outcome: { ...command.outcome, status: 'succeeded' as const } } : command,
      ),
    ),
  ),
  breaking(
    'the run ends while a call is under way',
    'kernel',
    runbooks.note,
    kernel((event, state, program) => (event.kind === 'cancelRequested' ? ended(state) : apply(program, state, event))),
  ),
]

function finished(state: RunState): readonly Command[] {
  const { outcome } = state
  return outcome ? [{ kind: 'finish', outcome }] : []
}

const release = (path: string, action: string): Command => ({
  kind: 'call',
  id: `${path}#early`,
  purpose: 'release',
  path,
  action,
  input: {},
  key: 'early',
  attempt: 1,
})
