// What a command is to the program: a function over the host, its arguments and its options. Commander has checked both.
import type { Command } from 'commander'
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

/** Commander hands over what it has checked; each command's file says what it gets. */
interface CommandModule {
  run(host: Host, options: never, ...args: never[]): Promise<ExitCode>
}

/** What commander calls for a command whose code is loaded only then. */
export type Calls = (load: () => Promise<CommandModule>) => (this: Command) => Promise<void>
