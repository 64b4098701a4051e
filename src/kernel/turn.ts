// One turn of the kernel: an event goes in, moves are worked off one by one, commands come out.
// Moves are what the kernel's parts say to each other; being data in a queue, no part calls another in a circle
// and the stack stays flat however long a loop is.
import { createHash } from 'node:crypto'
import type { Failure } from '../packs/index.ts'
import type { JsonObject } from '../values/index.ts'
import type { CallCommand, Command, EvaluateCommand, Path, Purpose, Report } from './model.ts'
import { ownCall } from './own.ts'
import { actionNamed, type Program } from './program.ts'
import type { Evaluation, RunState, TimerPurpose } from './state.ts'

export type StepResult =
  | { readonly kind: 'succeeded'; readonly output: JsonObject }
  | { readonly kind: 'skipped' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'cancelled' }

export type Move =
  /** Start the block's next step, or let the block end. */
  | { readonly kind: 'advance'; readonly block: Path }
  /** End what runs in the block, then close it. Without a failure it is cancelled. */
  | { readonly kind: 'interrupt'; readonly block: Path; readonly failure?: Failure }
  /** Ask a step to end soon. */
  | { readonly kind: 'stop'; readonly step: Path; readonly because: Failure | 'cancelled' }
  | { readonly kind: 'endStep'; readonly step: Path; readonly result: StepResult }
  /** Release the next of what the block owns; end the block when nothing is left. */
  | { readonly kind: 'close'; readonly block: Path }
  | { readonly kind: 'blockEnded'; readonly block: Path }
  | { readonly kind: 'release'; readonly obligation: Path }
  /** Let go of the next critical resource of what is being stopped, or recovered. */
  | { readonly kind: 'releaseCritical' }
  /** The obligation is settled, or given up for now. */
  | { readonly kind: 'released'; readonly obligation: Path }

export interface Turn {
  readonly program: Program
  readonly state: RunState
  /** Frames that this turn has copied, where the state shares its frames: see `own.ts`. */
  readonly owned: Set<object> | undefined
  readonly commands: Command[]
  readonly moves: Move[]
}

export const move = (turn: Turn, next: Move): void => {
  turn.moves.push(next)
}

export const report = (turn: Turn, said: Report): void => {
  turn.commands.push({ kind: 'report', report: said })
}

export function evaluate(
  turn: Turn,
  id: string,
  purpose: Evaluation,
  request: Pick<EvaluateCommand, 'guard' | 'templates' | 'roots' | 'inputOf'>,
): void {
  turn.state.evaluations[id] = purpose
  turn.commands.push({ kind: 'evaluate', id, path: purpose.path, ...request })
}

export function setTimer(turn: Turn, timer: string, at: number, does: TimerPurpose): void {
  turn.state.timers[timer] = { at, does }
  turn.commands.push({ kind: 'setTimer', timer, at })
}

export function clearTimer(turn: Turn, timer: string): void {
  if (!turn.state.timers[timer]) return
  delete turn.state.timers[timer]
  turn.commands.push({ kind: 'clearTimer', timer })
}

/** Sends a call and bounds it by `timeoutMs`, or by its action's own time-out. Answers the call's id. */
export function send(
  turn: Turn,
  purpose: Purpose,
  path: Path,
  call: Omit<CallCommand, 'kind' | 'id' | 'purpose' | 'path'>,
  timeoutMs?: number,
): string {
  const { state } = turn
  state.callCount += 1
  const id = `${path}#${state.callCount}`
  state.calls[id] = { purpose, path, sentAt: state.now, aborted: false }
  turn.commands.push({ kind: 'call', id, purpose, path, ...call })
  const boundMs = timeoutMs ?? actionNamed(turn.program, call.action).timeoutMs
  setTimer(turn, `timeout:${id}`, state.now + boundMs, { kind: 'timeout', call: id })
  return id
}

export function abort(turn: Turn, id: string, reason: string): void {
  const call = turn.state.calls[id]
  if (!call || call.aborted) return
  ownCall(turn, id, call).aborted = true
  clearTimer(turn, `timeout:${id}`)
  turn.commands.push({ kind: 'abort', call: id, reason })
}

const fingerprint = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Remembers answers: who tries what might happen asks for the same again and again, and a run for each a few times. */
function remembering<T>(answer: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  return (text) => {
    const before = known.get(text)
    if (before !== undefined) return before
    const made = answer(text)
    if (known.size >= MOST_REMEMBERED) known.clear()
    known.set(text, made)
    return made
  }
}
const MOST_REMEMBERED = 10_000

const uuidOf = remembering((text) => {
  const bytes = fingerprint(text).subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
})
const jitterOf = remembering((text) => fingerprint(text).readUInt16BE(0) / 0xffff)

/** An idempotency key in the form of a random UUID, the same whenever run, path and generation are the same. */
export const keyOf = (runId: string, path: Path, generation: number): string => uuidOf(JSON.stringify([runId, path, generation]))

/** How often is tried what is refused for good, and must not be left undone: platforms err, too. */
export const FINAL_ATTEMPTS = 3

/** Delay before try number `tries + 1`: exponential, with a jitter of up to a quarter that depends on run and path alone. */
export function backoffMs(
  policy: { delayMs: number; factor: number; maxDelayMs: number },
  tries: number,
  runId: string,
  path: Path,
): number {
  const plainMs = Math.min(policy.delayMs * policy.factor ** Math.max(0, tries - 1), policy.maxDelayMs)
  const jitter = jitterOf(`${runId} ${path} ${tries}`)
  return Math.round(plainMs * (0.75 + 0.25 * jitter))
}
