// A handler that freezes and heeds no abort: it is waited for no longer than five seconds, and then what it may have frozen is thawed. Where it
// ends after that, it may have frozen again: that is thawed, too, unless the run wants it by now.
import { expect, it } from 'vitest'
import { type Handlers, parsePack } from '../../src/packs/index.ts'
import { bench, request } from './harness.ts'
import { memoryStore, THINGS_MANIFEST, thingHandlers } from './things.ts'
import { createVirtualClock } from './virtual-clock.ts'

const FREEZE = THINGS_MANIFEST.replace(
  'title: A thing\n    identity: [name]\n    find: thing.find\n',
  'title: A thing\n    identity: [name]\n    releaseWhen: [acquired, failed, unknown]\n    critical: true\n    maxHold: 10m\n    deadman: none\n',
)

/** One that may be frozen again though it may be frozen already. */
const AGAIN = FREEZE.replace('resource: Thing\n', 'resource: Thing\n    idempotent: true\n')

/** A run of these steps, in which the first freeze takes effect and answers so long after its call. */
async function frozen(steps: string, effectAfterMs: number, answersAfterMs: number, manifest = FREEZE) {
  const { pack } = await parsePack({ file: 'pack.yaml', text: manifest })
  if (!pack) throw new Error('the manifest of the test is wrong')
  const [store, clock] = [memoryStore(), createVirtualClock()]
  const thawedAt: number[] = []
  const sent = Promise.withResolvers<number>()
  let calls = 0
  const replace: Handlers = {
    'thing.create': async ({ name }) => {
      calls += 1
      if (calls > 1) {
        store.add(`thing ${name}`)
        return { size: 1 }
      }
      sent.resolve(clock.now())
      await clock.sleep(effectAfterMs)
      store.add(`thing ${name}`)
      if (answersAfterMs === Number.POSITIVE_INFINITY) await new Promise<never>(() => {})
      await clock.sleep(answersAfterMs - effectAfterMs)
      return { size: 1 }
    },
    'thing.delete': async (input, context) => {
      thawedAt.push(clock.now())
      return (await thingHandlers(store)['things/thing.delete']?.(input, context)) ?? {}
    },
  }
  const { engine } = bench({ store, clock, replace })
  const run = await engine.start({ ...(await request(steps)), packs: [{ pack, sources: new Map([['pack.yaml', manifest]]) }] })
  const sentAt = await sent.promise
  return { run, store, clock, sentAt, thaws: () => thawedAt.map((at) => at - sentAt) }
}

const FREEZING = `
  - id: thing
    uses: t/thing.create
    with: { place: '\${ targets.place }', name: '\${ "thing-" & run.id }' }
`

it.each([
  ['has frozen by then', 2000, 30_000, [5000, 30_000]],
  ['freezes only then', 8000, 8000, [5000, 8000]],
  ['has frozen and never answers', 2000, Number.POSITIVE_INFINITY, [5000, 65_000]],
])('P2, P5: a handler that heeds no cancel and %s leaves nothing frozen', async (_, effectAfterMs, answersAfterMs, thaws) => {
  const { run, store, thaws: thawed } = await frozen(FREEZING, effectAfterMs, answersAfterMs)
  run.cancel('enough')
  expect(await run.ended).toMatchObject({ status: 'cancelled', owed: [] })
  expect(thawed()).toEqual(thaws)
  expect(store.names()).toEqual([])
})

const ANEW = {
  'by another step': [
    FREEZE,
    2,
    `
  - id: first
    scope:
      steps:
        - id: thing
          uses: t/thing.create
          with: { place: '\${ targets.place }', name: one }
          timeout: 1s
      catch:
        steps:
          - id: anew
            scope:
              steps:
                - id: thing2
                  uses: t/thing.create
                  with: { place: '\${ targets.place }', name: one }
                - id: hold
                  wait: { for: 1m }
`,
  ],
  'by the same step, tried again': [
    AGAIN,
    1,
    `
  - id: first
    scope:
      steps:
        - id: thing
          uses: t/thing.create
          with: { place: '\${ targets.place }', name: one }
          timeout: 1s
          retry: { attempts: 2, delay: 1s }
        - id: hold
          wait: { for: 1m }
`,
  ],
} as const

it.each(Object.entries(ANEW))(
  'P2, P5: what the run has frozen anew %s is left to its own release where an earlier handler ends late',
  async (_, [manifest, count, steps]) => {
    const { run, store, thaws } = await frozen(steps, 8000, 20_000, manifest)
    expect(await run.ended).toMatchObject({ status: 'succeeded', owed: [] })
    // After the time-out and five seconds, unless it is tried again; and when the scope closes. In between, at 20 s, the thing is wanted.
    expect(thaws()).toHaveLength(count)
    expect(thaws().at(-1)).toBeGreaterThan(60_000)
    expect(store.names()).toEqual([])
  },
)
