// Copies of nodes. What the kernel changes in place is copied; values that it never changes are shared between states.
import type { RunState } from '../kernel/index.ts'
import type { Node, World } from './model.ts'

export const fork = ({ state, world }: Node): Node => ({ state: forkState(state), world: forkWorld(world) })

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

const forkWorld = (world: World): World => ({
  ...world,
  evaluations: [...world.evaluations],
  calls: world.calls.map(shallow),
  timers: { ...world.timers },
  waiting: [...world.waiting],
  locked: { ...world.locked },
  things: each(world.things, shallow),
  doubts: { ...world.doubts },
  failed: [...world.failed],
  broken: { ...world.broken },
})
