// Frames that a turn may change. Where a state shares its frames with others (see `shareState`), each is copied before its first change.
// What is not taken through here is only read.
import type { Obligation, Path } from './model.ts'
import {
  type BlockFrame,
  blockFrame,
  type CompoundFrame,
  compoundFrame,
  type LockRequest,
  obligationOf,
  type PendingCall,
  type PlainFrame,
  plainFrame,
  type RunState,
  type StepFrame,
} from './state.ts'

interface Owner {
  readonly state: RunState
  /** Frames that were copied already; absent where all are the state's own. */
  readonly owned: Set<object> | undefined
}

export const ownBlock = (turn: Owner, path: Path): BlockFrame =>
  own(turn, turn.state.blocks, path, blockFrame(turn.state, path), copyOfBlock)

export const ownPlain = (turn: Owner, path: Path): PlainFrame =>
  own<PlainFrame, StepFrame>(turn, turn.state.steps, path, plainFrame(turn.state, path), shallow)

export const ownCompound = (turn: Owner, path: Path): CompoundFrame =>
  own<CompoundFrame, StepFrame>(turn, turn.state.steps, path, compoundFrame(turn.state, path), copyOfCompound)

export const ownStep = (turn: Owner, step: StepFrame): StepFrame =>
  step.kind === 'plain' ? ownPlain(turn, step.path) : ownCompound(turn, step.path)

export const ownObligation = (turn: Owner, id: Path): Obligation =>
  own(turn, turn.state.obligations, id, obligationOf(turn.state, id), shallow)

export const ownCall = (turn: Owner, id: string, call: PendingCall): PendingCall => own(turn, turn.state.calls, id, call, shallow)

export const ownLock = (turn: Owner, id: string, lock: LockRequest): LockRequest => own(turn, turn.state.locks, id, lock, shallow)

function own<F extends T, T extends object>(
  { owned }: Owner,
  record: Record<string, T>,
  name: string,
  frame: F,
  copy: (frame: F) => F,
): F {
  if (owned === undefined || owned.has(frame)) return frame
  const mine = copy(frame)
  owned.add(mine)
  record[name] = mine
  return mine
}

const shallow = <T extends object>(value: T): T => ({ ...value })

export const copyOfBlock = (block: BlockFrame): BlockFrame => ({ ...block, owned: [...block.owned] })

export const copyOfCompound = (step: CompoundFrame): CompoundFrame => ({
  ...step,
  children: [...step.children],
  ok: [...step.ok],
  failed: [...step.failed],
  ...(step.loop === undefined ? {} : { loop: { ...step.loop, keys: { ...step.loop.keys } } }),
})
