// What a command threw, in words: what went wrong and the next thing to do. For programs, as a `refused` line.
import { type Diagnostic, diagnosticsToJson, formatDiagnostics } from '../diagnostics/index.ts'
import { JournalUnusable, OwnerFenced, RunUnknown } from '../journal/index.ts'
import { ActionFailure } from '../packs/index.ts'
import type { Json } from '../values/index.ts'
import { runNotFound, runTakenOver } from './codes.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { Interrupted, Refusal, type Sources } from './refusal.ts'
import { failureWords } from './views/index.ts'

export interface Explanation {
  readonly text: string
  readonly json: Json
  readonly exitCode: ExitCode
}

export function describeError(error: unknown, { colour }: { colour: boolean }): Explanation {
  if (error instanceof Interrupted)
    return {
      text: `${error.message}\n`,
      json: { event: 'refused', exitCode: EXIT.cancelled, diagnostics: [] },
      exitCode: EXIT.cancelled,
    }
  const { diagnostics, sources, exitCode } = refusalOf(error)
  return {
    text: `${formatDiagnostics(diagnostics, sources, { colour }).trimEnd()}\n`,
    json: { event: 'refused', exitCode, diagnostics: diagnosticsToJson(diagnostics, sources) },
    exitCode,
  }
}

function refusalOf(error: unknown): { diagnostics: readonly Diagnostic[]; sources: Sources; exitCode: ExitCode } {
  if (error instanceof Refusal) return error
  if (error instanceof RunUnknown) return new Refusal([runNotFound(error.runId)])
  if (error instanceof OwnerFenced) return new Refusal([runTakenOver(error.runId)], { exitCode: EXIT.failed })
  if (error instanceof JournalUnusable) return plain('JOURNAL_UNUSABLE', error.message, error.hint)
  if (error instanceof ActionFailure) return plain(error.failure.type, failureWords(error.failure), undefined, EXIT.failed)
  if (isCoded(error))
    return plain(
      error.code,
      error.message,
      error.hint ?? hintOf(error),
      WRONG_REQUESTS.has(error.code) ? EXIT.usage : EXIT.failed,
    )
  return plain(
    'BUG',
    `this is a mistake in Holdfast: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    'Report it with these lines. What runs hold is in the journal: `holdfast obligations` lists it.',
    EXIT.bug,
  )
}

/** Codes that say something about the request, not about the vault or the simulator. */
const WRONG_REQUESTS = new Set([
  'EADDRINUSE',
  'FAULTS_INVALID',
  'VAULT_NOT_FOUND',
  'VAULT_EXISTS',
  'VAULT_PASSWORD_WRONG',
  'POINT_UNKNOWN',
  'POINT_AMBIGUOUS',
  'POINT_FILE_UNKNOWN',
  'POINTS_INCOMPARABLE',
  'FORGET_RULE_MISSING',
  'VAULT_KEY_UNKNOWN',
  'VAULT_KEY_IN_USE',
  'POINT_DISK_UNKNOWN',
  'TARGET_TOO_SMALL',
])

/** Of errors that the system words. */
const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Another program listens there; end it, or choose another --port.',
  ENOSPC: 'Make room on that disk, then run the command again.',
  mkdtemp: 'The folder for temporary files is the one that TMPDIR names: name one that is there and that you may write to.',
  'listen EINVAL':
    'A socket needs a path of at most 107 bytes, and this one lies in the folder that TMPDIR names: name a shorter one.',
}

/** The more a hint is made for what failed, the better. */
const hintOf = ({ code, syscall = '' }: NodeJS.ErrnoException): string | undefined =>
  HINTS[`${syscall} ${code}`] ?? HINTS[syscall] ?? HINTS[code ?? '']

/** Errors that lower floors and the system raise on purpose: a vault's, an NBD peer's, EADDRINUSE, ENOSPC. */
const isCoded = (error: unknown): error is Error & { readonly code: string; readonly hint?: string } =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(error.code)

const plain = (code: string, message: string, hint?: string, exitCode: ExitCode = EXIT.usage) =>
  new Refusal([{ code, severity: 'error', message, ...(hint === undefined ? {} : { hint }) }], { exitCode })
