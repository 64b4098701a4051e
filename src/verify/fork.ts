// Copies of nodes: of the run's state and of the world around it.
import { forkState } from '../kernel/index.ts'
import type { Node, World } from './model.ts'

export const fork = ({ state, world }: Node): Node => ({ state: forkState(state), world: forkWorld(world) })

const shallow = <T extends object>(value: T): T => ({ ...value })

const each = <T>(record: Readonly<Record<string, T>>, copy: (value: T) => T): Record<string, T> => {
  const copies: Record<string, T> = {}
  for (const name in record) copies[name] = copy(record[name] as T)
  return copies
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
  freezes: { ...world.freezes },
  points: { ...world.points },
  claims: { ...world.claims },
  failed: [...world.failed],
  broken: { ...world.broken },
})
