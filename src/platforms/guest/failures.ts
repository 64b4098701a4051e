// What goes wrong on the way to a guest, in the words of the pack.
import { ActionFailure } from '../../packs/index.ts'
import { SshFailed } from '../../ssh/index.ts'
import { StartOverdue } from './programs.ts'
import { AgentFailed } from './qemu-agent.ts'
import { AfterScripts, type ScriptRan, ScriptsUnknown } from './scripts.ts'
import { WinrmFailed } from './winrm/index.ts'

/** `started`: whether an earlier call of the same action may have done something in the guest. Anything unknown is a bug and stays one. */
export function asFailure(error: unknown, started = false): unknown {
  if (error instanceof AfterScripts) return asFailure(error.cause, true)
  if (error instanceof SshFailed) return ofSsh(error, started)
  if (error instanceof AgentFailed) return ofAgent(error, started)
  if (error instanceof WinrmFailed) return ofWinrm(error, started)
  // Whether it was started meanwhile nobody can tell.
  if (error instanceof StartOverdue || error instanceof ScriptsUnknown) {
    return new ActionFailure({ type: 'answerLost', message: error.message, retryable: true, applied: 'maybe' })
  }
  return error
}

function ofSsh({ reason, message, started }: SshFailed, startedBefore: boolean): ActionFailure {
  const applied = started || startedBefore ? 'maybe' : 'no'
  switch (reason) {
    case 'unreachable':
      return new ActionFailure({ type: 'unreachable', message, retryable: true, applied })
    case 'hostKeyUnknown':
    case 'loginRefused':
    case 'refused':
    case 'notStarted':
    case 'unusable':
      return new ActionFailure({ type: 'notLetIn', message, retryable: false, applied })
    case 'timedOut':
    case 'lost':
    case 'outputTooLarge':
      return new ActionFailure({ type: 'answerLost', message, retryable: true, applied: 'maybe' })
  }
}

function ofAgent({ reason, message }: AgentFailed, startedBefore: boolean): ActionFailure {
  switch (reason) {
    case 'unreachable':
      return new ActionFailure({ type: 'unreachable', message, retryable: true, applied: startedBefore ? 'maybe' : 'no' })
    case 'refused':
      return new ActionFailure({ type: 'agentRefused', message, retryable: true, applied: startedBefore ? 'maybe' : 'no' })
    case 'lost':
      return new ActionFailure({ type: 'answerLost', message, retryable: true, applied: 'maybe' })
  }
}

function ofWinrm({ reason, message, started }: WinrmFailed, startedBefore: boolean): ActionFailure {
  const applied = started || startedBefore ? 'maybe' : 'no'
  switch (reason) {
    case 'unreachable':
      return new ActionFailure({ type: 'unreachable', message, retryable: true, applied })
    case 'loginRefused':
    case 'unusable':
      return new ActionFailure({ type: 'notLetIn', message, retryable: false, applied })
    case 'refused':
      return new ActionFailure({ type: 'agentRefused', message, retryable: true, applied })
    case 'lost':
      return new ActionFailure({ type: 'answerLost', message, retryable: true, applied: 'maybe' })
  }
}

export const notLetIn = (message: string): ActionFailure =>
  new ActionFailure({ type: 'notLetIn', message, retryable: false, applied: 'no' })

export const scriptFailed = ({ script, how, exitCode, said }: ScriptRan, retryable: boolean): ActionFailure =>
  new ActionFailure({
    type: 'scriptFailed',
    message: `${script} ${how}${said === '' ? '' : `: ${said}`}`,
    detail: { script, how, ...(exitCode === undefined ? {} : { exitCode }), said },
    retryable,
    applied: 'maybe',
  })

export const freezeRuns = (message: string): ActionFailure =>
  new ActionFailure({ type: 'freezeRuns', message, retryable: true, applied: 'maybe' })

export const partlyFrozen = (frozen: number, expected: number): ActionFailure =>
  new ActionFailure({
    type: 'partlyFrozen',
    message: `${frozen} of ${expected} file systems were frozen`,
    detail: { frozen, expected },
    retryable: false,
    applied: 'maybe',
  })

export const notFrozen = (): ActionFailure =>
  new ActionFailure({ type: 'notFrozen', message: 'the file systems are not frozen', retryable: false, applied: 'no' })
