// The vocabulary of rehearsals: what may go wrong in one, what came of it, and what many of them add up to. Plain data.
import type { Outcome } from '../kernel/index.ts'
import type { Json } from '../values/index.ts'

/** One thing that goes wrong, once. `skip`: so many calls of the operation pass before it strikes. */
export type Fault =
  | { readonly kind: 'wire'; readonly operation: string; readonly skip: number; readonly does: WireFault }
  | DiskFault
  /** Inside the far side of that connection type: a task fails, the storage is full. */
  | {
      readonly kind: 'inside'
      readonly connection: string
      readonly operation: string
      readonly skip: number
      readonly does: string
    }
  /** The journal cannot write its n-th record, and the engine gives up; once that is mended another one resumes. */
  | { readonly kind: 'journal'; readonly record: number; readonly does: (typeof JOURNAL_FAULTS)[number] }
  /** The engine dies just before or just after it has written its n-th record; another one resumes, on a clock that may have been set. */
  | { readonly kind: 'crash'; readonly record: number; readonly moment: 'before' | 'after'; readonly clockSetByMs: number }
  | { readonly kind: 'cancel'; readonly record: number }

/** SQLite's SQLITE_FULL and SQLITE_IOERR. A record that is torn by a crash is none: see a crash before it. */
export const JOURNAL_FAULTS = ['ENOSPC', 'EIO'] as const

/** On the wire to disks: at one of the connections that are opened, or one of the pieces of answers that come over them. */
export type DiskFault =
  | {
      readonly kind: 'disks'
      readonly at: 'connect'
      readonly skip: number
      readonly does: (typeof DISK_FAULTS)['connect'][number]
    }
  | {
      readonly kind: 'disks'
      readonly at: 'answer'
      readonly skip: number
      readonly does: (typeof DISK_FAULTS)['answer'][number]
    }

export const DISK_FAULTS = {
  connect: ['refused', 'certificateUnknown', 'hangs', 'slow'],
  // `short`: an answer that is sound but for the bytes that it leaves out.
  answer: ['reset', 'cut', 'hangs', 'slow', 'short'],
} as const

export type WireFault = (typeof WIRE_FAULTS)[number]

export const WIRE_FAULTS = [
  // Nothing happens on the far side:
  'refused',
  'certificateUnknown',
  'reset',
  'hangs',
  'answered429',
  'answered503',
  // It happens, but the caller is not told so:
  'answerLost',
  'answerCut',
  'answered500',
  'wrongContentType',
  'hangsAfter',
  // It happens late, or happens again:
  'slow',
  'twice',
] as const

/** One rehearsal: the same number, seed and runbook give the same faults. */
export interface Rehearsal {
  readonly number: number
  readonly faults: readonly Fault[]
  readonly status: Outcome['status'] | 'stuck'
  /** Why it failed, in the words that an operator would see. */
  readonly failure?: string
  /** How often an engine took over after a crash. */
  readonly resumed: number
  /** Settled by `reap`, once nothing went wrong any more. */
  readonly reaped: number
  /** What no run may do; a line each. */
  readonly violations: readonly string[]
  /** On the run's own clock. */
  readonly tookMs: number
  readonly records: number
  /** Of each operation, how often it was asked for. */
  readonly calls: Readonly<Record<string, number>>
  /** How many connections to disks were opened, and how many pieces of answers came over them. */
  readonly disks: Readonly<Record<DiskFault['at'], number>>
  readonly outputs?: Readonly<Record<string, Json>>
}

export interface RehearsalReport {
  readonly runbook: string
  readonly version: string
  readonly seed: string
  readonly faultsPerRun: number
  readonly runs: number
  readonly byStatus: Readonly<Record<string, number>>
  /** How often each kind of fault was in a schedule. */
  readonly byFault: Readonly<Record<string, number>>
  readonly resumed: number
  readonly reaped: number
  /** Of the runs' own clocks. */
  readonly rehearsedMs: number
  /** Those with violations, each shrunk to the fewest faults that still show it. */
  readonly found: readonly Rehearsal[]
}
