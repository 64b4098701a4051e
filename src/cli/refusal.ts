// How a command ends early: with diagnostics and an exit code. Printing them is the program's business.
import type { Diagnostic } from '../diagnostics/index.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

export type Sources = ReadonlyMap<string, string>

/** Thrown to end a command. Nothing has been touched on any platform. */
export class Refusal extends Error {
  readonly diagnostics: readonly Diagnostic[]
  readonly sources: Sources
  readonly exitCode: ExitCode

  constructor(diagnostics: readonly Diagnostic[], options: { sources?: Sources; exitCode?: ExitCode } = {}) {
    super(diagnostics.map(({ code, message }) => `${code}: ${message}`).join('\n'))
    this.name = 'Refusal'
    this.diagnostics = diagnostics
    this.sources = options.sources ?? new Map()
    this.exitCode = options.exitCode ?? EXIT.usage
  }
}

/** Ctrl-C ended the command; the message says how to go on, where that is not by starting it again. */
export class Interrupted extends Error {}

export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean => diagnostics.some(({ severity }) => severity === 'error')

/** Ends the command when one of these is an error. */
export function refuseErrors(diagnostics: readonly Diagnostic[], sources: Sources, exitCode: ExitCode = EXIT.checkFailed): void {
  if (hasErrors(diagnostics)) throw new Refusal(diagnostics, { sources, exitCode })
}
