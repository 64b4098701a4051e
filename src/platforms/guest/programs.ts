// Programs in a guest: the one contract that every channel keeps, and the part of it that is the same over all of them: deadlines, and
// the end of a program that nobody waits for any more. It knows no channel.
import type { Clock } from '../../packs/index.ts'

export interface GuestProgram {
  /** The program and its arguments, each handed over as it is. */
  readonly argv: readonly [string, ...string[]]
  /** All that it can read; its standard input ends after it. Default: nothing. */
  readonly stdin?: Uint8Array
  /** From the call on. */
  readonly deadlineMs: number
  /** Of standard output and of standard error each: the first are kept, the rest is left out. */
  readonly maxOutputBytes: number
}

export type ProgramEnd =
  | { readonly kind: 'exited'; readonly exitCode: number }
  /** Such as `SIGTERM`. Only POSIX guests know signals. */
  | { readonly kind: 'signalled'; readonly signal: string }
  /** The deadline passed, and it was ended as far as it can be reached. */
  | { readonly kind: 'overdue' }
  /** The guest has no such program, or may not run it: nothing happened. */
  | { readonly kind: 'notStarted'; readonly why: string }

export interface Output {
  readonly stdout: Buffer
  readonly stderr: Buffer
  /** Something was left out, of either. */
  readonly cut: boolean
}

export interface Ran extends Output {
  readonly end: ProgramEnd
}

/** What looks for something is quick, and says little. */
export const LOOKING = { deadlineMs: 30_000, maxOutputBytes: 1_048_576 } as const

/** For people. */
export function howEnded(end: Ran['end']): string {
  switch (end.kind) {
    case 'exited':
      return `ended with ${end.exitCode}`
    case 'signalled':
      return `was ended by ${end.signal}`
    case 'overdue':
      return 'did not end'
    case 'notStarted':
      return `could not be started: ${end.why}`
    default:
      return end satisfies never
  }
}

/** Rejects with the error of the channel where nobody knows how it ended, and with the signal's reason when aborted; the program is ended then, too. */
export type RunInGuest = (program: GuestProgram, signal: AbortSignal) => Promise<Ran>

/** A way into a guest. */
export interface Channel {
  /** Rejects with `NotStarted`, with an error of its own, or with the signal's reason; then nothing is left open. The signal is for the start alone. */
  start(program: GuestProgram, signal: AbortSignal): Promise<RunningProgram>
}

/** Disposed by whoever started it, however it ended. */
export interface RunningProgram extends AsyncDisposable {
  readonly ended: Promise<Extract<ProgramEnd, { readonly kind: 'exited' | 'signalled' }>>
  /** What came so far; all there is once it has ended. */
  output(): Output
  /** Ends it, and what it started as far as that can be found. `ended` follows. */
  kill(): Promise<void>
}

export class NotStarted extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'NotStarted'
  }
}

/** The deadline passed before the guest had been reached: nothing was started. */
export class StartOverdue extends Error {
  constructor(deadlineMs: number) {
    super(`nobody answered within ${deadlineMs} ms`)
    this.name = 'StartOverdue'
  }
}

/** How long a program that was killed has to end, and its output to arrive. */
const GRACE_MS = 10_000

export const runsOver =
  ({ start }: Channel, clock: Clock): RunInGuest =>
  async (program, signal) => {
    const over = new AbortController()
    const overdue = new AbortController()
    clock.sleep(program.deadlineMs, over.signal).then(
      () => overdue.abort(new StartOverdue(program.deadlineMs)),
      () => {},
    )
    const stop = AbortSignal.any([signal, overdue.signal])
    try {
      signal.throwIfAborted()
      if (!program.argv.every(isArgument)) throw new NotStarted('an argument holds what no program can be given')
      await using running = await start(program, stop)
      running.ended.catch(() => {})
      const end = await Promise.race([running.ended, aborted(stop)])
      if (end !== 'aborted') return { end, ...running.output() }
      await Promise.race([running.kill().then(() => running.ended), clock.sleep(GRACE_MS, over.signal)]).catch(() => {})
      signal.throwIfAborted()
      return { end: { kind: 'overdue' }, ...running.output() }
    } catch (error) {
      if (!(error instanceof NotStarted)) throw error
      return { end: { kind: 'notStarted', why: error.message }, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), cut: false }
    } finally {
      over.abort()
    }
  }

/** No NUL, for that ends one, and no half of a character. */
const isArgument = (text: string): boolean => text.isWellFormed() && !text.includes('\0')

const aborted = (signal: AbortSignal): Promise<'aborted'> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve('aborted')
    signal.addEventListener('abort', () => resolve('aborted'), { once: true })
  })

/** Keeps the first bytes of a stream, and counts on. */
export function keepFirst(maxBytes: number): { add(chunk: Buffer): void; readonly kept: Buffer; readonly cut: boolean } {
  const chunks: Buffer[] = []
  let room = maxBytes
  let cut = false
  return {
    add(chunk) {
      if (room > 0) chunks.push(chunk.subarray(0, room))
      if (chunk.length > room) cut = true
      room = Math.max(0, room - chunk.length)
    },
    get kept() {
      return Buffer.concat(chunks)
    },
    get cut() {
      return cut
    },
  }
}
