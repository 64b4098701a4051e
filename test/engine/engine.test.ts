import { describe, expect, it } from 'vitest'
import { createEngine, RunNotResumable } from '../../src/engine/index.ts'
import { createMemoryJournal, type Journal, OwnerFenced, processOwner } from '../../src/journal/index.ts'
import type { Event, Outcome } from '../../src/kernel/index.ts'
import { ActionFailure, type ActionHandler, type Catalogue } from '../../src/packs/index.ts'
import { bench, connection, PASSWORD, request } from './harness.ts'
import { HOLDING } from './holding.ts'
import { memoryStore, thingHandlers } from './things.ts'
import { createVirtualClock } from './virtual-clock.ts'

const THING = `
  - id: thing
    uses: t/thing.create
    with: { place: '\${ targets.place }', name: one }
`
const COPY = `
  - id: copy
    uses: t/copy
    with: { place: '\${ targets.place }' }
`

const eventsOf = async (journal: Journal, id: string): Promise<readonly Event[]> => {
  const events: Event[] = []
  for await (const event of journal.events(id)) events.push(event)
  return events
}

const hangs: ActionHandler = (_, { signal }) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
const hangsWhateverComes: ActionHandler = () => new Promise(() => {})

/** A handler that waits inside until the test lets it go on. */
function gate() {
  const entered = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
  return { entered: entered.promise, enter: entered.resolve, opened: opened.promise, open: opened.resolve }
}

describe('a run', () => {
  it('calls what the runbook says and lets go of everything', async () => {
    await using b = bench()
    const run = await b.engine.start(await request(HOLDING))
    const outcome = await run.ended
    expect(outcome).toEqual({ status: 'succeeded', outputs: {}, owed: [] })
    expect(b.store.names()).toEqual([])
    expect(b.store.said()).toEqual([
      'create thing thing-run-1',
      'create part n0',
      'create part n1',
      'count n0',
      'delete part n0',
      'count n1',
      'delete part n1',
      'delete thing thing-run-1',
      'count after',
    ])
    expect(await b.options.journal.run(run.id)).toMatchObject({ status: 'succeeded', outcome, runbook: 'test/run' })
    expect(await b.options.journal.locks()).toEqual([])
  })

  it('tells its observer what is durable, in order', async () => {
    await using b = bench()
    await (await b.engine.start(await request(THING))).ended
    const told = b.seen.map((each) => (each.kind === 'report' ? each.report.kind : each.kind))
    expect(told[0]).toBe('runStarted')
    expect(told.at(-1)).toBe('runEnded')
    expect(told.filter((kind) => kind === 'obligation')).toHaveLength(4)
  })

  it('touches nothing when a target is not configured or of another type (P12)', async () => {
    await using b = bench()
    const given = await request(THING)
    await expect(b.engine.start({ ...given, targets: {} })).rejects.toThrow(/place is not bound/)
    await expect(b.engine.start({ ...given, targets: { place: 'moon' } })).rejects.toThrow(/no target moon/)
    const other = createEngine({ ...b.options, connection: (target) => ({ ...connection(target), type: 'other/Kind' }) })
    await expect(other.start(given)).rejects.toThrow(/lab is a other\/Kind/)
    expect(await b.options.journal.runs()).toEqual([])
  })

  it('has each intent on record, with its identity, before the call leaves (P1)', async () => {
    const journal = createMemoryJournal()
    const found: unknown[] = []
    await using b = bench({
      journal,
      replace: {
        'thing.create': async (input, { runId, key }) => {
          const [open] = await journal.obligations({ open: true, runId })
          found.push([open?.obligation.state, open?.obligation.identity, input.name, typeof key])
          return { size: 1 }
        },
        put: async (_, { runId }) => {
          const inputs = (await eventsOf(journal, runId)).flatMap((event) =>
            event.kind === 'evaluated' ? [event.values.with] : [],
          )
          found.push(inputs.at(-1))
          return {}
        },
        'thing.delete': async (_, { runId }) => {
          found.push((await journal.obligations({ open: true, runId }))[0]?.obligation.state)
          return {}
        },
      },
    })
    await (
      await b.engine.start(
        await request(`${THING}
  - id: put
    uses: t/put
    with: { name: x }
`),
      )
    ).ended
    expect(found).toEqual([['intended', { name: 'one' }, 'one', 'string'], { name: 'x' }, 'releasing'])
  })

  it('polls an action until its condition holds', async () => {
    let calls = 0
    const at: number[] = []
    await using b = bench({
      replace: {
        copy: async (_, { clock }) => {
          at.push(clock.now())
          calls += 1
          return { answer: calls }
        },
      },
    })
    const run = await b.engine.start(await request(`${COPY}    until: \${ result.answer = 3 }\n    every: 7s\n`))
    expect((await run.ended).status).toBe('succeeded')
    expect(at.map((each) => each - (at[0] ?? 0))).toEqual([0, 7000, 14_000])
  })

  it('hands a failure in a declared way to the runbook as it is', async () => {
    const failure = { type: 'busy', message: 'later', retryable: false, applied: 'no', detail: { status: 409 } } as const
    await using b = bench({ replace: { copy: async () => Promise.reject(new ActionFailure(failure)) } })
    const { failure: told } = await (await b.engine.start(await request(COPY))).ended
    expect(told).toEqual({ ...failure, path: 'copy' })
  })

  it('calls anything else that a handler throws a bug, and keeps the stack', async () => {
    await using b = bench({ replace: { count: async () => Promise.reject(new TypeError('x is undefined')) } })
    const run = await b.engine.start(await request('  - id: c\n    uses: t/count\n    with: { name: x }\n'))
    const { status, failure } = await run.ended
    expect(status).toBe('failed')
    expect(failure).toMatchObject({ type: 'bug', message: 'x is undefined', applied: 'maybe', retryable: false })
    expect(failure?.detail?.stack).toMatch(/engine\.test\.ts/)
  })

  it('takes no answer that is not what the action promises, and looks what became of the call (P3)', async () => {
    await using b = bench({
      replace: { list: async () => ({ names: 'not a list' }), 'thing.create': async () => ({ size: 'big' }) },
    })
    const list = '  - id: l\n    uses: t/list\n    with: { count: 1 }\n'
    expect((await (await b.engine.start(await request(list))).ended).failure).toMatchObject({
      type: 'outputInvalid',
      applied: 'no',
    })
    const { status, failure, owed } = await (await b.engine.start(await request(THING))).ended
    expect([status, failure?.type, owed]).toEqual(['failed', 'outputInvalid', []])
    expect(failure?.message).toBe('things/thing.create answered wrongly: output.size must be integer')
  })

  it('fails a step whose action no handler implements', async () => {
    const { 'things/copy': _, ...rest } = thingHandlers(memoryStore())
    await using b = bench({ handlers: () => rest })
    const { failure } = await (await b.engine.start(await request(COPY))).ended
    expect(failure).toMatchObject({ type: 'bug', applied: 'no', message: 'no handler for things/copy' })
  })

  it('fails a step whose expression or input is wrong, and unwinds', async () => {
    await using b = bench()
    const wrong = [
      `  - id: c\n    uses: t/count\n    with: { name: '\${ 1 + "a" }' }\n`,
      `  - id: c\n    uses: t/count\n    with: { name: 7 }\n`,
      `  - id: c\n    if: \${ 7 }\n    uses: t/count\n    with: { name: x }\n`,
    ]
    const types: unknown[] = []
    for (const step of wrong) types.push((await (await b.engine.start(await request(THING + step))).ended).failure?.type)
    expect(types).toEqual(['expressionFailed', 'inputInvalid', 'expressionFailed'])
    expect(b.store.names()).toEqual([])
  })

  it('ends a call that makes no progress, however often it says the same (P6)', async () => {
    await using b = bench({
      replace: {
        copy: async (_, { progress, clock, signal }) => {
          for (let doneBytes = 0; ; doneBytes = Math.min(doneBytes + 1, 30)) {
            progress({ label: 'disk', doneBytes, totalBytes: 100 })
            await clock.sleep(60_000, signal)
          }
        },
      },
    })
    const run = await b.engine.start(await request(`${COPY}    stall: 10m\n    retry: { attempts: 1 }\n    timeout: 8h\n`))
    const { failure } = await run.ended
    expect(failure?.type).toBe('stalled')
    const [started, ended] = [b.seen[0]?.at ?? 0, b.seen.at(-1)?.at ?? 0]
    expect(ended - started).toBe(40 * 60_000)
  })

  it('goes on without a handler that ignores its time-out, and drops its late answer', async () => {
    const late = gate()
    await using b = bench({
      replace: {
        copy: async () => {
          await late.opened
          return { answer: 'late' }
        },
      },
    })
    const run = await b.engine.start(await request(`${THING}${COPY}    timeout: 5m\n    retry: { attempts: 1 }\n`))
    const outcome = await run.ended
    expect(outcome).toMatchObject({ status: 'failed', failure: { type: 'timedOut', applied: 'maybe', path: 'copy' } })
    expect(b.store.names()).toEqual([])
    const { events } = (await b.options.journal.run(run.id)) ?? {}
    late.open()
    await new Promise(setImmediate)
    expect((await b.options.journal.run(run.id))?.events).toBe(events)
  })

  it('renews leases on time although the clock is set back (P6)', async () => {
    const steady = createVirtualClock()
    let setBackMs = 0
    const renewedAt: number[] = []
    const clock = { now: () => steady.now() - setBackMs, sleep: steady.sleep }
    const longCopy: ActionHandler = async (_, { signal }) => {
      setBackMs = 3_600_000
      await steady.sleep(600_000, signal)
      return {}
    }
    const renew: ActionHandler = async () => {
      renewedAt.push(steady.now())
      return {}
    }
    await using b = bench({ clock, replace: { copy: longCopy, 'part.renew': renew } })
    const part = `  - id: part\n    uses: t/part.create\n    with: { place: '\${ targets.place }', thing: '\${ steps.thing.handle }', name: p }\n`
    const startedAt = steady.now()
    const run = await b.engine.start(await request(THING + part + COPY))
    expect((await run.ended).status).toBe('succeeded')
    expect(renewedAt.map((at) => (at - startedAt) / 60_000)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('cancels with clean-up', async () => {
    await using b = bench({ replace: { copy: hangs } })
    const run = await b.engine.start(await request(THING + COPY))
    run.cancel('enough')
    expect(await run.ended).toEqual({ status: 'cancelled', owed: [] })
    expect(b.store.names()).toEqual([])
  })

  it('is cancelled by a request that another process left in the journal', async () => {
    await using b = bench({ replace: { copy: hangs } })
    const run = await b.engine.start(await request(THING + COPY))
    await b.options.journal.requestCancel(run.id, 'from outside')
    expect((await run.ended).status).toBe('cancelled')
    expect(b.store.names()).toEqual([])
    const events = await eventsOf(b.options.journal, run.id)
    expect(events.filter((event) => event.kind === 'cancelRequested')).toMatchObject([{ reason: 'from outside' }])
  })

  it('keeps secrets out of the journal and out of what it reports (P11)', async () => {
    const leak: ActionHandler = async (input, context) => {
      const { settings } = context.connection(input.place as never)
      const { password } = settings
      throw new Error(`login with ${(password as { reveal(): string }).reveal()} failed`)
    }
    await using b = bench({ replace: { copy: leak } })
    const run = await b.engine.start(await request(COPY))
    const outcome = await run.ended
    expect(outcome.failure?.message).toBe('login with ‹secret› failed')
    const everything = JSON.stringify([
      outcome,
      b.seen,
      await eventsOf(b.options.journal, run.id),
      await b.options.journal.runs(),
    ])
    expect(everything).toContain('‹secret›')
    expect(everything).not.toContain(PASSWORD)
  })
})

describe('many runs', () => {
  it('share one engine', async () => {
    await using b = bench()
    const given = await request(HOLDING.replace('lock: ${ "things" }', 'lock: ${ run.id }'))
    const runs = await Promise.all(Array.from({ length: 50 }, () => b.engine.start(given)))
    const outcomes = await Promise.all(runs.map((run) => run.ended))
    expect(new Set(outcomes.map((outcome) => outcome.status))).toEqual(new Set(['succeeded']))
    expect(b.store.names()).toEqual([])
  })

  it.each(['one engine', 'two engines'])('hold a lock one after the other, in %s', async (where) => {
    const inside: string[] = []
    let most = 0
    const busy: ActionHandler = async (_, { runId, clock }) => {
      inside.push(runId)
      most = Math.max(most, inside.length)
      await clock.sleep(60_000)
      inside.splice(inside.indexOf(runId), 1)
      return {}
    }
    const shared = { journal: createMemoryJournal(), clock: createVirtualClock(), replace: { copy: busy } }
    await using a = bench({ ...shared, newRunId: () => crypto.randomUUID() })
    await using b = where === 'one engine' ? a : bench({ ...shared, newRunId: () => crypto.randomUUID() })
    const given = await request(`
  - id: alone
    scope:
      lock: group
      steps:
        - id: copy
          uses: t/copy
          with: {}
`)
    const runs = [
      await a.engine.start(given),
      await b.engine.start(given),
      await a.engine.start(given),
      await b.engine.start(given),
    ]
    const outcomes = await Promise.all(runs.map((run) => run.ended))
    expect(outcomes.map((outcome) => outcome.status)).toEqual(Array(4).fill('succeeded'))
    expect(most).toBe(1)
    expect(await shared.journal.locks()).toEqual([])
  })

  it('that wait for a lock can be cancelled', async () => {
    await using b = bench({ replace: { copy: hangs } })
    const given = await request(`
  - id: alone
    scope:
      lock: group
      steps:
        - id: copy
          uses: t/copy
          with: {}
`)
    const [first, second] = [await b.engine.start(given), await b.engine.start(given)]
    second.cancel('not now')
    expect((await second.ended).status).toBe('cancelled')
    expect(await b.options.journal.locks()).toEqual([{ name: 'group', runId: first.id }])
    first.cancel('done')
    expect((await first.ended).status).toBe('cancelled')
    expect(await b.options.journal.locks()).toEqual([])
  })
})

describe('a run whose engine is gone', () => {
  it('is taken over; the engine that wakes up again does nothing more', async () => {
    const door = gate()
    const effects: string[] = []
    const effect: ActionHandler = async (_, context) => {
      context.assertOwner()
      effects.push('copied')
      return {}
    }
    const paused: ActionHandler = async (input, context) => {
      door.enter()
      await door.opened
      return effect(input, context)
    }
    const shared = { journal: createMemoryJournal(), store: memoryStore() }
    await using zombie = bench({ ...shared, replace: { copy: paused } })
    await using next = bench({ ...shared, replace: { copy: effect }, owner: processOwner() })
    const run = await zombie.engine.start(await request(THING + COPY))
    await door.entered
    const again = await next.engine.resume(run.id)
    expect((await again.ended).status).toBe('succeeded')
    const said = [...shared.store.said()]
    door.open()
    await expect(run.ended).rejects.toThrow(OwnerFenced)
    expect(effects).toEqual(['copied'])
    expect(shared.store.said()).toEqual(said)
  })

  it('goes on by the texts it was started with, whatever became of the files', async () => {
    const shared = { journal: createMemoryJournal(), store: memoryStore() }
    await using first = bench({ ...shared, replace: { copy: hangs } })
    const given = await request(THING + COPY)
    const run = await first.engine.start(given)
    await first.engine[Symbol.asyncDispose]()
    await expect(run.ended).rejects.toThrow(/closed/)
    let catalogue: Catalogue | undefined
    await using next = bench({
      ...shared,
      handlers: (pinned) => {
        catalogue = pinned
        return thingHandlers(shared.store)
      },
    })
    expect((await (await next.engine.resume(run.id)).ended).status).toBe('succeeded')
    expect(catalogue?.packs.things?.hash).toBe(given.packs[0]?.pack.hash)
    expect(shared.store.names()).toEqual([])
  })

  it('goes on from the last checkpoint of a resumable step', async () => {
    const shared = { journal: createMemoryJournal(), store: memoryStore() }
    const saved = gate()
    await using first = bench({
      ...shared,
      replace: {
        copy: async (input, context) => {
          await context.checkpoint.save({ doneBytes: 7 })
          saved.enter()
          return hangs(input, context)
        },
      },
    })
    const run = await first.engine.start(await request(COPY))
    await saved.entered
    await first.engine[Symbol.asyncDispose]()
    await using next = bench({
      ...shared,
      replace: { copy: async (_, { checkpoint }) => ({ answer: checkpoint.load() ?? null }) },
    })
    await (await next.engine.resume(run.id)).ended
    const answers = (await eventsOf(shared.journal, run.id)).filter((event) => event.kind === 'callSucceeded')
    expect(answers.at(-1)).toMatchObject({ output: { answer: { doneBytes: 7 } } })
  })

  it('is resumed only if it exists, has not ended and its owner may not live', async () => {
    const journal = createMemoryJournal()
    await using b = bench({ journal, replace: { copy: hangs }, owner: processOwner() })
    await expect(b.engine.resume('none')).rejects.toThrow(/no run none/)
    const run = await b.engine.start(await request(COPY))
    await expect(b.engine.resume(run.id)).rejects.toThrow(/performs it already/)
    await using other = bench({ journal, owner: processOwner() })
    await expect(other.engine.resume(run.id)).rejects.toThrow(/may still be performing/)
    const taken = await other.engine.resume(run.id, { takeOver: true })
    expect((await taken.ended).status).toBe('succeeded')
    await expect(other.engine.resume(run.id)).rejects.toThrow(RunNotResumable)
  })
})

describe('reap', () => {
  it('settles what a finished run still owes, and only that', async () => {
    const shared = { journal: createMemoryJournal(), store: memoryStore() }
    const stuck: ActionHandler = async () => {
      throw new ActionFailure({ type: 'broken', message: 'no', retryable: true, applied: 'no' })
    }
    await using first = bench({ ...shared, replace: { 'thing.delete': stuck } })
    const run = await first.engine.start(await request(THING))
    const outcome: Outcome = await run.ended
    expect(outcome).toMatchObject({ status: 'failed', owed: ['thing'] })
    expect(shared.store.names()).toEqual(['thing one'])
    expect(await shared.journal.obligations({ open: true })).toHaveLength(1)

    await using next = bench(shared)
    expect(await next.engine.reap('another')).toEqual([])
    expect(await next.engine.reap()).toEqual([{ runId: run.id, outcome: { ...outcome, owed: [] } }])
    expect(shared.store.names()).toEqual([])
    expect(await shared.journal.obligations({ open: true })).toEqual([])
    expect(await next.engine.reap()).toEqual([])
  })
})

it('a handler that hangs for ever does not keep the engine from closing', async () => {
  const b = bench({ replace: { copy: hangsWhateverComes } })
  const run = await b.engine.start(await request(COPY))
  await b.engine[Symbol.asyncDispose]()
  await expect(run.ended).rejects.toThrow(/closed/)
})
