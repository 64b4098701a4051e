// What recorded runs need to be taken up again: the targets that they were started with, secrets in hand.
import { type Journal, RunUnknown } from '../../journal/index.ts'
import type { TargetRef } from '../../language/index.ts'
import type { Connection } from '../../packs/index.ts'
import { openTargets } from '../config/index.ts'
import type { Host } from '../host.ts'
import { assertTargets, type Session } from '../session/index.ts'

const PACK = 'pack:'

/** By name of the target. Throws RunUnknown, or Refusal when a target is not configured any more or not as it should be. */
export async function connectionsOfRuns(
  host: Host,
  { config, library }: Session,
  journal: Journal,
  ids: Iterable<string>,
): Promise<ReadonlyMap<string, Connection>> {
  const targets = new Set<string>()
  const packs = new Set<string>()
  for (const id of new Set(ids)) {
    const run = await journal.run(id)
    if (!run) throw new RunUnknown(id)
    for (const { $target } of Object.values(run.targets) as unknown as readonly TargetRef[]) targets.add($target)
    for (const role of Object.keys(run.pins)) if (role.startsWith(PACK)) packs.add(role.slice(PACK.length))
  }
  const { catalogue } = await library.loadPacks(packs, { operations: false })
  assertTargets(config, [...targets], catalogue)
  return openTargets(config, targets, catalogue, host.env)
}
