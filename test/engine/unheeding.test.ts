// A run is cancelled while a handler freezes that heeds no abort: its answer is waited for no longer than five seconds, and then what it may
// have frozen is thawed. What is frozen later than that nobody sees here: packs look for it in the guest, as `freezeRuns` says.
import { expect, it } from 'vitest'
import { type Handlers, parsePack } from '../../src/packs/index.ts'
import { bench, request } from './harness.ts'
import { memoryStore, THINGS_MANIFEST } from './things.ts'
import { createVirtualClock } from './virtual-clock.ts'

const FREEZE = THINGS_MANIFEST.replace(
  'title: A thing\n    identity: [name]\n    find: thing.find\n',
  'title: A thing\n    identity: [name]\n    releaseWhen: [acquired, failed, unknown]\n    critical: true\n    maxHold: 10m\n    deadman: none\n',
)
const STEPS = `
  - id: thing
    uses: t/thing.create
    with: { place: '\${ targets.place }', name: '\${ "thing-" & run.id }' }
`

it.each([
  ['answers half a minute later', 30_000],
  ['never answers', Number.POSITIVE_INFINITY],
])('P2, P5: what a handler has frozen that heeds no cancel and %s is thawed five seconds after it', async (_, answersAfterMs) => {
  const { pack } = await parsePack({ file: 'pack.yaml', text: FREEZE })
  if (!pack) throw new Error('the manifest of the test is wrong')
  const [store, clock] = [memoryStore(), createVirtualClock()]
  const sent = Promise.withResolvers<void>()
  const replace: Handlers = {
    'thing.create': async ({ name }) => {
      sent.resolve()
      await clock.sleep(2000)
      store.add(`thing ${name}`)
      if (answersAfterMs === Number.POSITIVE_INFINITY) await new Promise<never>(() => {})
      await clock.sleep(answersAfterMs)
      return { size: 1 }
    },
  }
  const { engine } = bench({ store, clock, replace })
  const run = await engine.start({ ...(await request(STEPS)), packs: [{ pack, sources: new Map([['pack.yaml', FREEZE]]) }] })
  await sent.promise
  const cancelledAt = clock.now()
  run.cancel('enough')
  expect(await run.ended).toMatchObject({ status: 'cancelled', owed: [] })
  expect(clock.now() - cancelledAt).toBe(5000)
  await clock.sleep(3_600_000)
  expect(store.names()).toEqual([])
})
