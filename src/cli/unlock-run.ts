// Gets what a recorded run needs to be taken up again: the secrets of the targets that it was started with.
import { type RunSummary, RunUnknown } from '../journal/index.ts'
import type { TargetRef } from '../language/index.ts'
import type { App } from './app.ts'
import { assertTargets, type Session } from './session.ts'

/** Throws RunUnknown, or Refusal when a target is configured no more. */
export async function unlockFor(app: App, { library, config }: Session, ids: Iterable<string>): Promise<void> {
  for (const id of new Set(ids)) {
    const run = await app.journal.run(id)
    if (!run) throw new RunUnknown(id)
    const refs = Object.values(run.targets) as unknown as readonly TargetRef[]
    const names = refs.map(({ $target }) => $target)
    const { catalogue } = await library.loadPacks(packsOf(run), { operations: false })
    assertTargets(config, names, catalogue)
    await app.unlock(names, catalogue)
  }
}

const packsOf = ({ pins }: RunSummary): readonly string[] =>
  Object.keys(pins)
    .filter((role) => role.startsWith('pack:'))
    .map((role) => role.slice('pack:'.length))
