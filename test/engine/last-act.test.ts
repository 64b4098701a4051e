// An engine that cannot go on while something critical is held lets that go before it gives up: its journal cannot be written any more, or
// not be read, or does not answer; it is closed. [P2, P5]
import { describe, expect, it } from 'vitest'
import { createMemoryJournal, type Journal, JournalUnusable, OwnerFenced, processOwner } from '../../src/journal/index.ts'
import { ActionFailure, type Handlers, parsePack } from '../../src/packs/index.ts'
import { dyingAt } from './dying-journal.ts'
import { bench, request } from './harness.ts'
import { memoryStore, THINGS_MANIFEST, thingHandlers } from './things.ts'
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

/** Nothing can say whether such a thing is there: it is let go whether or not it was seen, as frozen file systems are. */
const BLIND = CRITICAL.replace('    find: thing.find\n', '    releaseWhen: [acquired, failed, unknown]\n')
const { pack: blindPack } = await parsePack({ file: 'pack.yaml', text: BLIND })
if (!blindPack) throw new Error('the manifest of the test is wrong')
const blind = { ...given, packs: [{ pack: blindPack, sources: new Map([['pack.yaml', BLIND]]) }] }

/** The journal fails as soon as the acquiring call has left; `create` is what that call does then. */
async function failedWhileAcquiring(
  create: (act: () => void, signal: AbortSignal, sleep: (ms: number) => Promise<void>) => Promise<void>,
  more: Handlers = {},
) {
  const [journal, store, clock] = [createMemoryJournal(), memoryStore(), createVirtualClock()]
  const sent = Promise.withResolvers<void>()
  let isFull = false
  const failing: Journal = {
    ...journal,
    append: async (...entry) => (isFull ? Promise.reject(full()) : journal.append(...entry)),
  }
  const replace: Handlers = {
    'thing.create': async ({ name }, { signal }) => {
      isFull = true
      sent.resolve()
      await create(
        () => store.add(`thing ${name}`),
        signal,
        (ms) => clock.sleep(ms),
      )
      return { size: 1 }
    },
    ...more,
  }
  const { engine } = bench({ journal: failing, store, clock, replace })
  const run = await engine.start(blind)
  await sent.promise
  run.cancel('so that something is recorded')
  await expect(run.ended).rejects.toThrow(/no space/)
  await clock.sleep(3_600_000)
  const left = [...store.names()]
  const outcome = await (await bench({ journal, store, clock }).engine.resume(run.id)).ended
  return { left, after: store.names(), outcome }
}

const abortedOf = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))

describe('a call that acquires what is critical, under way when the journal fails (P2, P5)', () => {
  it.each([
    [
      'has taken effect when it is asked to end',
      async (act: () => void, signal: AbortSignal) => {
        act()
        await abortedOf(signal)
        signal.throwIfAborted()
      },
    ],
    [
      'takes effect as it is asked to end',
      async (act: () => void, signal: AbortSignal) => {
        await abortedOf(signal)
        act()
      },
    ],
    [
      'heeds nothing, and takes effect long after',
      async (act: () => void, _: AbortSignal, sleep: (ms: number) => Promise<void>) => {
        await sleep(30_000)
        act()
      },
    ],
    [
      'has taken effect, and never answers',
      async (act: () => void) => {
        act()
        await new Promise<never>(() => {})
      },
    ],
  ] as const)('and that %s, leaves nothing', async (_, create) => {
    expect(await failedWhileAcquiring(create)).toMatchObject({ left: [], after: [], outcome: { owed: [] } })
  })

  it('leaves something, for this judge to see, where letting go does nothing', async () => {
    const { left } = await failedWhileAcquiring(async (act) => act(), { 'thing.delete': async () => ({}) })
    expect(left).not.toEqual([])
  })
})

/** A run that waits for 90 s with a thing in its hands; what its engine meets then. */
async function holdingWhile(more: {
  readonly journal?: (journal: Journal, met: { yet: boolean }) => Journal
  readonly replace?: Handlers
  readonly observe?: (met: { yet: boolean }) => void
}) {
  const [memory, store, clock] = [createMemoryJournal(), memoryStore(), createVirtualClock()]
  const met = { yet: false }
  const startedAt = clock.now()
  let goneAfterMs: number | undefined
  const { 'things/thing.delete': remove } = thingHandlers(store)
  const deletes: Handlers[string] = async (input, context) => {
    context.assertOwner()
    const answer = (await remove?.(input, context)) ?? {}
    goneAfterMs ??= clock.now() - startedAt
    return answer
  }
  const put: Handlers[string] = async () => {
    met.yet = true
    return {}
  }
  const { engine } = bench({
    journal: more.journal?.(memory, met) ?? memory,
    store,
    clock,
    replace: { 'thing.delete': deletes, put, ...more.replace },
    ...(more.observe ? { observe: () => more.observe?.(met) } : {}),
  })
  const run = await engine.start(given)
  const error = await run.ended.then(
    () => undefined,
    (reason: Error) => reason,
  )
  return { error, left: store.names(), goneAfterMs, run, engine }
}

const unreadable = (): never => {
  throw new JournalUnusable('journal.sqlite', 'is damaged: disk I/O error', 'mend it')
}

describe('something critical is let go (P5)', () => {
  it('when the journal cannot be read any more, though nobody can say then who owns the run', async () => {
    const journal = (memory: Journal, met: { yet: boolean }): Journal => ({
      ...memory,
      cancelRequest: async (id) => (met.yet ? unreadable() : memory.cancelRequest(id)),
      assertOwner: (...owner) => (met.yet ? unreadable() : memory.assertOwner(...owner)),
      append: async (...entry) => (met.yet ? unreadable() : memory.append(...entry)),
    })
    expect(await holdingWhile({ journal })).toMatchObject({ error: { name: 'JournalUnusable' }, left: [] })
  })

  it.each([
    { from: 'the record of what is held', stuck: (kinds: readonly string[], met: boolean) => met && kinds.length >= 0 },
    { from: 'the record that its time is over', stuck: (kinds: readonly string[]) => kinds.includes('timerFired') },
  ])('in time when the journal takes no record and does not fail either, from $from on', async ({ stuck }) => {
    let isStuck = false
    const journal = (memory: Journal, met: { yet: boolean }): Journal => ({
      ...memory,
      append: async (id, epoch, entry) => {
        isStuck ||= stuck(
          entry.events.map(({ kind }) => kind),
          met.yet,
        )
        if (isStuck) return new Promise<never>(() => {})
        return memory.append(id, epoch, entry)
      },
    })
    const { error, left, goneAfterMs } = await holdingWhile({ journal })
    expect({ error: error?.name, left }).toEqual({ error: 'JournalUnusable', left: [] })
    expect(goneAfterMs).toBeLessThan(10 * 60_000)
  })

  it('when whoever watches the run breaks down', async () => {
    const observe = ({ yet }: { yet: boolean }): void => {
      if (yet) throw new Error('the log is full')
    }
    expect(await holdingWhile({ observe })).toMatchObject({ error: { message: 'the log is full' }, left: [] })
  })

  it('when a first try to let go of it hangs', async () => {
    let tries = 0
    const journal = (memory: Journal, met: { yet: boolean }): Journal => ({
      ...memory,
      append: async (...entry) => (met.yet ? Promise.reject(full()) : memory.append(...entry)),
    })
    const replace: Handlers = {
      'thing.delete': async (_, { signal }) => {
        tries += 1
        if (tries === 1) await abortedOf(signal)
        signal.throwIfAborted()
        return {}
      },
    }
    await holdingWhile({ journal, replace })
    expect(tries).toBe(2)
  })

  it('when letting go of it breaks down at first, in the midst of an ordinary run', async () => {
    let tries = 0
    const replace: Handlers = {
      'thing.delete': async () => {
        tries += 1
        if (tries < 3) throw new TypeError('cannot read properties of undefined')
        return {}
      },
    }
    expect((await holdingWhile({ replace })).error).toBeUndefined()
    expect(tries).toBe(3)
  })

  it('when its engine is closed', async () => {
    const [store, clock] = [memoryStore(), createVirtualClock()]
    const held = Promise.withResolvers<void>()
    const put: Handlers[string] = async (_, { signal }) => {
      held.resolve()
      await abortedOf(signal)
      throw signal.reason
    }
    const { engine } = bench({ store, clock, replace: { put } })
    const run = await engine.start(given)
    await held.promise
    expect(store.names()).not.toEqual([])
    await engine[Symbol.asyncDispose]()
    expect(store.names()).toEqual([])
    await expect(run.ended).rejects.toThrow(/closed/)
  })
})

describe('an engine that finds what a dead one held, and a journal that can only be read (P5)', () => {
  const readOnly = (journal: Journal): Journal => ({
    ...journal,
    claim: async () => {
      throw new JournalUnusable('journal.sqlite', 'cannot be written: attempt to write a readonly database', 'mend it')
    },
  })

  async function foundWith(owner: string) {
    const [journal, store, clock] = [createMemoryJournal(), memoryStore(), createVirtualClock()]
    const dying = dyingAt(journal, 3, 'after')
    const run = await bench({ journal: dying.journal, store, clock: createVirtualClock(), owner }).engine.start(given)
    await Promise.race([dying.died, run.ended.catch(() => {})])
    const before = [...store.names()]
    const said = store.said().length
    const error = await bench({ journal: readOnly(journal), store, clock })
      .engine.resume(run.id)
      .catch((reason: Error) => reason)
    return { before, left: [...store.names()], error, since: store.said().slice(said), journal, store, clock, id: run.id }
  }

  it('lets go of what is critical and does nothing else; the next one that can write ends the run', async () => {
    const { before, left, error, since, journal, store, clock, id } = await foundWith(
      processOwner().replace(/:\d+:\d+$/, ':999999999:1'),
    )
    expect(before).not.toEqual([])
    expect({ left, since }).toEqual({ left: [], since: before.map((name) => `delete ${name}`) })
    expect(error).toMatchObject({ name: 'JournalUnusable' })
    expect((await (await bench({ journal, store, clock }).engine.resume(id)).ended).owed).toEqual([])
  })

  it('touches nothing where the other one may live', async () => {
    const { before, left } = await foundWith(processOwner())
    expect(left).toEqual(before)
  })
})

describe('two that take a run over at the same moment (P3, P5)', () => {
  async function bothAtOnce(options: { readonly takeOver: boolean }) {
    const [journal, store, clock] = [createMemoryJournal(), memoryStore(), createVirtualClock()]
    const dying = dyingAt(journal, 3, 'after')
    const run = await bench({ journal: dying.journal, store, clock: createVirtualClock() }).engine.start(given)
    await Promise.race([dying.died, run.ended])
    const { engine } = bench({ journal, store, clock, owner: processOwner() })
    const resumed = await Promise.allSettled([engine.resume(run.id, options), engine.resume(run.id, options)])
    const ended = await Promise.allSettled(resumed.flatMap((each) => (each.status === 'fulfilled' ? [each.value.ended] : [])))
    return { resumed: resumed.map(({ status }) => status).sort(), ended: ended.map(({ status }) => status).sort(), store }
  }
  const createdIn = (said: readonly string[]) => said.filter((effect) => effect.startsWith('create'))

  it('are told apart: one goes on, the other is refused', async () => {
    const { resumed, ended, store } = await bothAtOnce({ takeOver: false })
    expect({ resumed, ended, left: store.names() }).toEqual({
      resumed: ['fulfilled', 'rejected'],
      ended: ['fulfilled'],
      left: [],
    })
    expect(createdIn(store.said())).toHaveLength(1)
  })

  it('and both insist, leave nothing, and the one that came first is fenced', async () => {
    const { ended, store } = await bothAtOnce({ takeOver: true })
    expect({ ended, left: store.names() }).toEqual({ ended: ['fulfilled', 'rejected'], left: [] })
    expect(createdIn(store.said())).toHaveLength(1)
  })
})
