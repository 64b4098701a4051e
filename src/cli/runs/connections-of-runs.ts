// What recorded runs need to be taken up again: the targets that they were started with, secrets in hand. The packs are those that each
// run is pinned to, as for all that it does: an edited pack, or one that is gone, keeps no run from letting go of what it holds.
import { catalogueOf } from '../../engine/index.ts'
import { type Journal, RunUnknown } from '../../journal/index.ts'
import type { TargetRef } from '../../language/index.ts'
import { type Connection, parseUnlessPrepared } from '../../packs/index.ts'
import { openTargets } from '../config/index.ts'
import type { Host } from '../host.ts'
import { assertTargets, type Session } from '../session/index.ts'

/** By name of the target. Throws RunUnknown, or Refusal when a target is not configured any more or not as it should be. */
export async function connectionsOfRuns(
  host: Host,
  { config }: Session,
  journal: Journal,
  ids: Iterable<string>,
): Promise<ReadonlyMap<string, Connection>> {
  const connections = new Map<string, Connection>()
  for (const id of new Set(ids)) {
    const run = await journal.run(id)
    if (!run) throw new RunUnknown(id)
    const targets = (Object.values(run.targets) as unknown as readonly TargetRef[]).map(({ $target }) => $target)
    const catalogue = await catalogueOf(journal, run, parseUnlessPrepared(host.preparedDirectory))
    assertTargets(config, targets, catalogue)
    const missing = targets.filter((name) => !connections.has(name))
    for (const [name, connection] of await openTargets(config, missing, catalogue, host.env)) connections.set(name, connection)
  }
  return connections
}
