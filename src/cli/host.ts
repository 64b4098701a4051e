// What the command line needs of the world. The composition root makes one from the process; tests make their own.
import type { Clock } from '../packs/index.ts'
import type { Platform } from '../platforms/index.ts'

/** A stream for people or for another program. */
export interface Output {
  write(text: string): void
  /** Present when a person looks at it; only then what is printed may move, and has colours unasked. */
  readonly terminal?: NodeJS.WriteStream
}

export interface Watching extends AsyncIterable<readonly string[]>, Disposable {}

/** How a process is asked to end: by Ctrl-C, by whoever looks after it, or by its terminal that goes away. */
export type Interrupt = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

export interface Host {
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether there are colours, as asked for on the command line; the environment decides without it. */
  readonly colour?: boolean
  readonly workingDirectory: string
  readonly version: string
  /** The folder of the packs that come with Holdfast, one folder a pack. */
  readonly packsDirectory: string
  /** Where a build left the shipped packs ready to use; need not exist. */
  readonly preparedDirectory: string
  readonly schemasDirectory: string
  /** The examples of the diagnostic codes, one folder a code. */
  readonly examplesDirectory: string
  /** Texts by absolute path that count instead of the files: what an editor holds and has not saved. */
  readonly unsaved?: ReadonlyMap<string, string>
  /** The standard streams themselves, for a protocol between programs; nothing else may be written then. */
  streams(): { readonly input: NodeJS.ReadableStream; readonly output: NodeJS.WritableStream }
  /** All of the standard input. */
  readInput(): Promise<string>
  /**
   * Absolute paths of what changes in these folders from now on, not below them, until it is disposed; what comes at once comes together.
   * Folders that are not there are left out.
   */
  watch(folders: readonly string[]): Watching
  clock(): Promise<Clock>
  newRunId(): string
  /** Name of the user of the operating system. */
  userName(): string
  /** Loaded on demand: check and plan need no platform's code. */
  platforms(): Promise<readonly Platform[]>
  /** Calls the listener for each Ctrl-C or termination signal, with its name where there is one, until the answer is called. */
  onInterrupt(listener: (signal?: Interrupt) => void): () => void
  /** Calls the listener with what nobody has caught, in place of ending the process, until the answer is called. */
  onBreakdown(listener: (error: unknown) => void): () => void
  /** Ends the process without waiting for anything. */
  leaveAtOnce(code: number): void
}

/** The command line comes before FORCE_COLOR, that before NO_COLOR (as Node has it), and that before what a person looks at. */
export function wantsColour({ colour, env }: Pick<Host, 'colour' | 'env'>, { terminal }: Output): boolean {
  const { FORCE_COLOR: forced = '', NO_COLOR: refused = '', TERM } = env
  if (colour !== undefined) return colour
  if (forced !== '') return forced !== '0' && forced !== 'false'
  return terminal !== undefined && refused === '' && TERM !== 'dumb'
}
