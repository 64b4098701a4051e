// What a command is to the program: a function over the host, its arguments and its options. Commander has checked both.
import type { ExitCode } from './exit-codes.ts'
import type { Host } from './host.ts'

/** Options that every command takes. */
export interface GlobalOptions {
  /** The configuration file; without it `holdfast.config.yaml` of the working directory, if there is one. */
  readonly config?: string
  readonly logLevel: LogLevel
}

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** A command's file exports `run` of this shape, with its own arguments and options. */
export type RunCommand<Args extends readonly unknown[], Options> = (
  host: Host,
  options: Options & GlobalOptions,
  ...args: Args
) => Promise<ExitCode>
