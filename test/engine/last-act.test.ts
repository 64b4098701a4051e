// The journal cannot be written any more while something critical is held: its engine lets that go before it gives up. [P2, P5]
import { expect, it } from 'vitest'
import { createMemoryJournal, type Journal, OwnerFenced } from '../../src/journal/index.ts'
import { ActionFailure, type Handlers, parsePack } from '../../src/packs/index.ts'
import { bench, request } from './harness.ts'
import { memoryStore, THINGS_MANIFEST } from './things.ts'
import { createVirtualClock } from './virtual-clock.ts'

const CRITICAL = THINGS_MANIFEST.replace(
  'title: A thing\n',
  'title: A thing\n    critical: true\n    maxHold: 10m\n    deadman: none\n',
)

const QUIET = `
  - id: hold
    scope:
      steps:
        - id: thing
          uses: t/thing.create
          with: { place: '\${ targets.place }', name: '\${ "thing-" & run.id }' }
        - id: put
          uses: t/put
          with: { name: during }
        - id: pause
          wait: { for: 90s }
        - id: count
          uses: t/count
          with: { name: last }
  - id: after
    uses: t/count
    with: { name: after }
`

const refusing = (journal: Journal, from: number, why: () => Error): Journal => {
  let records = 0
  return {
    ...journal,
    append: async (...entry) => {
      records += 1
      if (records >= from) throw why()
      return journal.append(...entry)
    },
  }
}
const full = (): Error => Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })

const { pack } = await parsePack({ file: 'pack.yaml', text: CRITICAL })
if (!pack) throw new Error('the manifest of the test is wrong')
const given = { ...(await request(QUIET)), packs: [{ pack, sources: new Map([['pack.yaml', CRITICAL]]) }] }

async function story(from: number, why: () => Error, replace: Handlers = {}) {
  const [journal, store, clock] = [createMemoryJournal(), memoryStore(), createVirtualClock()]
  const { engine } = bench({ journal: refusing(journal, from, why), store, clock, replace })
  const run = await engine.start(given)
  const ended = await run.ended.then(
    () => true,
    () => false,
  )
  const left = [...store.names()]
  const next = bench({ journal, store, clock })
  const outcome = ended ? undefined : await (await next.engine.resume(run.id)).ended
  return { ended, left, outcome, store }
}

it('at whatever record that is, nothing critical is left, and the next engine ends the run without an effect repeated (P2, P5)', async () => {
  let held = 0
  for (let from = 1; ; from += 1) {
    const { ended, left, outcome, store } = await story(from, full)
    if (ended) break
    expect(left, `from record ${from}`).toEqual([])
    expect(outcome?.owed, `from record ${from}`).toEqual([])
    expect(store.names(), `from record ${from}`).toEqual([])
    const once = store.said().filter((effect) => !effect.startsWith('delete'))
    expect(once.length, `from record ${from}: ${once}`).toBe(new Set(once).size)
    held += store.said().filter((effect) => effect.startsWith('delete')).length
  }
  expect(held).toBeGreaterThan(3)
})

it('a release that fails at first is tried again', async () => {
  let tries = 0
  const later: Handlers = {
    'thing.delete': async () => {
      tries += 1
      if (tries < 3) throw new ActionFailure({ type: 'broken', message: 'not now', retryable: true, applied: 'no' })
      return {}
    },
  }
  await story(3, full, later)
  expect(tries).toBe(3)
})

it('another engine that has taken the run over is not meddled with', async () => {
  let released = 0
  const counting: Handlers = {
    'thing.delete': async () => {
      released += 1
      return {}
    },
  }
  await story(3, () => new OwnerFenced('run-1'), counting)
  expect(released).toBe(0)
})
