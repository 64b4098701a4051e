// What goes wrong with the commands of Consolidated Backup, in the words of the pack.
import { ActionFailure } from '../../packs/index.ts'
import { type Ended, SshFailed } from '../../ssh/index.ts'

/** `changes`: whether the command may have changed something when nobody knows how it ended. */
export function asFailure(error: unknown, changes: boolean): unknown {
  const applied = changes ? 'maybe' : 'no'
  if (error instanceof SshFailed) return ofSsh(error, applied)
  if (isMissing(error)) return notReady(`the proxy has no such command: ${error.path ?? ''}`)
  return error
}

function ofSsh({ reason, message, started }: SshFailed, maybe: 'no' | 'maybe'): ActionFailure {
  switch (reason) {
    case 'unreachable':
      return new ActionFailure({ type: 'unreachable', message, retryable: true, applied: started ? maybe : 'no' })
    case 'hostKeyUnknown':
    case 'loginRefused':
    case 'refused':
    case 'notStarted':
    case 'unusable':
      return notReady(message)
    case 'timedOut':
    case 'lost':
    case 'outputTooLarge':
      return new ActionFailure({ type: 'answerLost', message, retryable: true, applied: maybe })
  }
}

const isMissing = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && ['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')

export const notReady = (message: string): ActionFailure =>
  new ActionFailure({ type: 'notReady', message, retryable: false, applied: 'no' })

export const commandFailed = (command: string, ended: Ended, applied: 'no' | 'maybe'): ActionFailure =>
  new ActionFailure({
    type: 'commandFailed',
    message: `${command}: ${lastLine(ended) || `ended with ${ended.exitCode ?? ended.signal}`}`,
    detail: { exitCode: ended.exitCode ?? null, said: said(ended).slice(-MAX_SAID) },
    retryable: true,
    applied,
  })

export const failureOf = (type: string, message: string): ActionFailure =>
  new ActionFailure({ type, message, retryable: false, applied: 'no' })

const MAX_SAID = 2_000

export const said = ({ stdout, stderr }: Ended): string => `${stdout.toString('utf8')}${stderr.toString('utf8')}`

/** What a command said last is mostly why it failed. */
const lastLine = (ended: Ended): string =>
  said(ended)
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .at(-1)
    ?.trim() ?? ''
