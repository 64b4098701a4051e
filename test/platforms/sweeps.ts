// What a sweep lists on a simulated platform.
import { createReader, fastClock, sweep } from '../../src/engine/index.ts'
import { createCatalogue } from '../../src/packs/index.ts'
import type { Runbooks } from './runbooks.ts'
import type { BareStage } from './stage.ts'

/** All that a sweep of the target finds, as `type identity…`, sorted. Throws where something could not be looked at. */
export async function listedBySweep(
  { calling }: Pick<BareStage, 'calling'>,
  { pack, packs }: Runbooks,
  target: string,
  connection: string,
) {
  const catalogue = createCatalogue(packs.map((each) => each.pack))
  const types = Object.values(pack.resources).filter(({ sweep: reads }) => reads !== undefined)
  // Nothing is waited for, so time need not run fast, and a busy machine makes no call time out.
  const read = createReader({ ...calling, clock: fastClock(1), handlers: calling.handlers(catalogue) })
  const found: string[] = []
  for await (const each of sweep(read, catalogue, types, { $target: target, connection: `${pack.name}/${connection}` })) {
    if (each.kind === 'unread') throw new Error(`${each.action}: ${each.failure.message}`)
    found.push([each.type.slice(pack.name.length + 1), ...Object.values(each.identity)].join(' '))
  }
  return found.sort()
}
