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

const RECORDS = ['blocks', 'steps', 'obligations', 'evaluations', 'calls', 'timers', 'locks', 'approvals', 'renewals'] as const

/** Lets a node share with the one before it what a move left alone: it may wait long, among many. Nobody changes either from now on. */
export function share(next: Node, before: Node): void {
  const same = RECORDS.filter((name) => isSame(next.state[name], before.state[name]))
  next.state = { ...next.state, ...Object.fromEntries(same.map((name) => [name, before.state[name]])) }
  if (isSame(next.world.timers, before.world.timers)) Object.assign(next.world, { timers: before.world.timers })
}

function isSame(next: Readonly<Record<string, unknown>>, before: Readonly<Record<string, unknown>>): boolean {
  let count = 0
  for (const name in next) {
    if (next[name] !== before[name]) return false
    count += 1
  }
  for (const _ in before) count -= 1
  return count === 0
}
