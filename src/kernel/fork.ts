// Copies of a run's state, for those who try what might happen. Values that the kernel never changes are shared.
import { copyOfBlock, copyOfCompound } from './own.ts'
import type { RunState } from './state.ts'

const each = <T>(record: Readonly<Record<string, T>>, copy: (value: T) => T): Record<string, T> => {
  const copies: Record<string, T> = {}
  for (const name in record) copies[name] = copy(record[name] as T)
  return copies
}
const shallow = <T extends object>(value: T): T => ({ ...value })

/** A copy that stands for itself: either may be changed. */
export function forkState(state: RunState): RunState {
  const { shared: _, ...copy } = shareState(state)
  return {
    ...copy,
    blocks: each(state.blocks, copyOfBlock),
    steps: each(state.steps, (step) => (step.kind === 'plain' ? { ...step } : copyOfCompound(step))),
    obligations: each(state.obligations, shallow),
    calls: each(state.calls, shallow),
    locks: each(state.locks, shallow),
  }
}

/** A copy that takes no time: it shares its frames with the state, which nobody may change from now on. */
export const shareState = (state: RunState): RunState => ({
  ...state,
  shared: true,
  blocks: { ...state.blocks },
  steps: { ...state.steps },
  obligations: { ...state.obligations },
  evaluations: { ...state.evaluations },
  calls: { ...state.calls },
  timers: { ...state.timers },
  locks: { ...state.locks },
  approvals: { ...state.approvals },
  renewals: { ...state.renewals },
})
