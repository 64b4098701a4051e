// Copies of a run's state, for those who try what might happen. What the kernel changes in place is copied; values that it never
// changes are shared.
import type { RunState } from './state.ts'

const each = <T>(record: Readonly<Record<string, T>>, copy: (value: T) => T): Record<string, T> => {
  const copies: Record<string, T> = {}
  for (const name in record) copies[name] = copy(record[name] as T)
  return copies
}
const shallow = <T extends object>(value: T): T => ({ ...value })

export function forkState(state: RunState): RunState {
  return {
    ...state,
    blocks: each(state.blocks, (block) => ({ ...block, outputs: { ...block.outputs }, owned: [...block.owned] })),
    steps: each(state.steps, (step) =>
      step.kind === 'plain'
        ? { ...step }
        : {
            ...step,
            children: [...step.children],
            ok: [...step.ok],
            failed: [...step.failed],
            ...(step.loop === undefined ? {} : { loop: { ...step.loop, keys: { ...step.loop.keys } } }),
          },
    ),
    obligations: each(state.obligations, shallow),
    evaluations: { ...state.evaluations },
    calls: each(state.calls, shallow),
    timers: { ...state.timers },
    locks: each(state.locks, shallow),
    approvals: { ...state.approvals },
    renewals: { ...state.renewals },
  }
}
