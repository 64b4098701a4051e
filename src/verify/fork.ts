// Copies of nodes: of the run's state and of the world around it. What is never changed in place is shared with the node before.
import { shareState } from '../kernel/index.ts'
import type { Node, World } from './model.ts'

export const fork = ({ state, world }: Node): Node => ({ state: shareState(state), world: forkWorld(world) })

const forkWorld = (world: World): World => ({
  ...world,
  evaluations: [...world.evaluations],
  calls: [...world.calls],
  timers: { ...world.timers },
})
