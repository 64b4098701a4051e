import { describe, expect, it } from 'vitest'
import { apply, type CallCommand, type Command, createState, type Event, type Program } from '../../src/kernel/index.ts'
import { block, foreach, program, scope, uses, wait } from './build.ts'
import { type Fate, play } from './world.ts'

const snap = uses('snap', 't/snapshot.create', { name: 's' })
const session = [snap, uses('session', 't/session.create', { name: 'x', snapshot: '$.steps.snap.handle' })]
const copy = uses('copy', 't/copy', { name: 'x', session: '$.steps.session.handle' }, { timeoutMs: 3_600_000 })
const one = program(block([scope('backup', block([...session, copy]))]))

const when =
  (purpose: string, action: string, fate: Fate) =>
  (call: CallCommand): Fate =>
    call.purpose === purpose && call.action === `t/${action}` ? fate : 'ok'

describe('a lease [P6]', () => {
  const long = program(block([scope('backup', block([...session, wait('long', '10m'), copy]))]))

  it('is renewed from when it exists until just before its release, whatever else runs', () => {
    const story = play(long)
    const renewals = story.calls.flatMap((call, index) => (call.startsWith('renew') ? [story.sentAt[index]] : []))
    expect(renewals).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((minute) => minute * 60_000))
    expect(story.outcome?.status).toBe('succeeded')
  })

  it('survives renewals that fail in between', () => {
    const story = play(long, { fate: (call, index) => (call.purpose === 'renew' && index % 2 === 0 ? 'lostBefore' : 'ok') })
    expect(story.outcome?.status).toBe('succeeded')
  })

  it('that is lost ends exactly what depends on it', () => {
    const perVm = block([
      uses('session', 't/session.create', { name: '$.vm', snapshot: '$.steps.snap.handle' }),
      wait('long', '10m'),
      uses('copy', 't/copy', { name: '$.vm', session: '$.steps.session.handle' }),
    ])
    const loop = foreach('vms', ['a', 'b'], 'vm', '$.vm', perVm, 'collect', 2)
    const group = program(block([uses('snap', 't/snapshot.create', { name: 's' }), loop], { r: '$.steps.vms' }))
    const story = play(group, { fate: (call) => (call.purpose === 'renew' && call.input.name === 'a' ? 'refuse' : 'ok') })
    expect(story.outcome?.outputs).toMatchObject({
      r: { ok: [{ key: 'b' }], failed: [{ key: 'a', error: { type: 'leaseLost' } }] },
    })
    expect(story.held).toEqual([])
  })

  it('that the platform says is gone ends the transfer under way at once', () => {
    const gone = (call: CallCommand): Fate => (call.action === 't/copy' ? 'hang' : 'ok')
    const story = play(one, { fate: gone, outputs: {} })
    expect(story.outcome).toMatchObject({ status: 'failed', failure: { type: 'timedOut' } })
    const lost = play(one, { fate: (call) => (call.purpose === 'renew' ? 'refuse' : gone(call)) })
    expect(lost.outcome).toMatchObject({ status: 'failed', failure: { type: 'leaseLost', path: 'backup/copy' } })
    expect(lost.held).toEqual([])
  })
})

describe('a release that keeps failing [P2]', () => {
  const story = play(one, { fate: when('release', 'session.delete', 'refuse') })

  it('leaves the obligation open, its parents too, and says so', () => {
    expect(story.outcome).toMatchObject({ status: 'failed', owed: ['backup/snap', 'backup/session'] })
    expect(story.outcome?.failure?.type).toBe('dirtyClose')
    expect(story.state.obligations['backup/session']).toMatchObject({ state: 'owed', releaseAttempts: 7 })
    expect(story.violations).toEqual([])
  })

  it.each([
    { told: 'will never get through', fate: 'refuse', tries: 3 },
    { told: 'may get through later', fate: 'lostBefore', tries: 7 },
  ] as const)('is tried $tries times where it and the look-up say that they $told', ({ fate, tries }) => {
    const slow = program(block([scope('backup', block([snap, wait('long', '1m')]))]))
    const { state } = play(slow, { fate: ({ purpose }) => (purpose === 'release' || purpose === 'probe' ? fate : 'ok') })
    expect(state.obligations['backup/snap']).toMatchObject({ state: 'owed', releaseAttempts: tries })
  })

  it('is settled by reap, children first', () => {
    const { state } = story
    const commands = [...apply(one, state, { kind: 'reapRequested', at: 9e6 })]
    const released: string[] = []
    for (let call = commands.find((each) => each.kind === 'call'); call; call = commands.find((each) => each.kind === 'call')) {
      released.push(call.action)
      commands.splice(0, commands.length, ...apply(one, state, { kind: 'callSucceeded', call: call.id, output: {}, at: 9e6 }))
    }
    expect(released).toEqual(['t/session.delete', 't/snapshot.delete'])
    expect(commands).toContainEqual({ kind: 'finish', outcome: expect.objectContaining({ status: 'failed', owed: [] }) })
  })
})

describe('what somebody else let go of, where the release only says that it is refused [P2]', () => {
  const refused = { type: 'refused', message: 'no', retryable: false, applied: 'no' } as const

  /** Owed, and the release refused once more, so long after the call that acquired. */
  function reapedAfter(ms: number) {
    const simple = program(block([scope('backup', block([snap]))]))
    const { state } = play(simple, { fate: when('release', 'snapshot.delete', 'refuse') })
    const { sentAt } = state.obligations['backup/snap'] ?? { sentAt: 0 }
    state.now = sentAt
    const give = (event: object) => apply(simple, state, { at: sentAt + ms, ...event } as Event)
    const [call] = give({ kind: 'reapRequested' }).filter((each) => each.kind === 'call')
    const commands = give({ kind: 'callFailed', call: call?.id, failure: refused })
    return { give, commands, asked: commands.find((each) => each.kind === 'call') }
  }

  it('is looked up, and settled when it is not there', () => {
    const { give, asked } = reapedAfter(20_000)
    expect(asked).toMatchObject({ purpose: 'probe', action: 't/snapshot.find' })
    const commands = give({ kind: 'callSucceeded', call: asked?.id, output: { found: false } })
    expect(commands).toContainEqual({ kind: 'finish', outcome: expect.objectContaining({ owed: [] }) })
  })

  it('is released again when it is there after all', () => {
    const { give, asked } = reapedAfter(20_000)
    const commands = give({ kind: 'callSucceeded', call: asked?.id, output: { found: true } })
    expect(commands).toContainEqual(expect.objectContaining({ kind: 'setTimer', timer: 'release:backup/snap' }))
  })

  it('is not taken for gone while it may not be listed yet', () => {
    const { asked, commands } = reapedAfter(5000)
    expect(asked).toBeUndefined()
    expect(commands).toContainEqual(expect.objectContaining({ kind: 'setTimer', timer: 'release:backup/snap' }))
  })
})

describe('a crash while reaping', () => {
  it('keeps the outcome that the run had', () => {
    const { state, outcome } = play(one, { fate: when('release', 'session.delete', 'refuse') })
    apply(one, state, { kind: 'reapRequested', at: 9e6 })
    const commands = [...apply(one, state, { kind: 'restarted', at: 9e6 })]
    for (let call = commands.find((each) => each.kind === 'call'); call; call = commands.find((each) => each.kind === 'call')) {
      commands.splice(0, commands.length, ...apply(one, state, { kind: 'callSucceeded', call: call.id, output: {}, at: 9e6 }))
    }
    expect(commands).toContainEqual({ kind: 'finish', outcome: { ...outcome, owed: [] } })
  })
})

describe('an acquire whose answer was lost [P3]', () => {
  it('is adopted when it is found', () => {
    const story = play(one, { fate: when('step', 'snapshot.create', 'lostAfter') })
    expect(story.calls.slice(0, 2)).toEqual(['step snapshot.create backup/snap', 'find snapshot.find backup/snap'])
    expect(story.calls.filter((call) => call.includes('snapshot.create'))).toHaveLength(1)
    expect(story.outcome?.status).toBe('succeeded')
  })

  it('is taken for void only when it can no longer appear', () => {
    const story = play(one, { fate: (call, index) => (call.action === 't/snapshot.create' && index === 0 ? 'lostBefore' : 'ok') })
    const second = story.calls.lastIndexOf('step snapshot.create backup/snap')
    expect(story.sentAt[second]).toBeGreaterThanOrEqual(10_000)
    expect(story.outcome?.status).toBe('succeeded')
  })

  it('is owed when even the look-up keeps failing', () => {
    const lost = (call: CallCommand): Fate =>
      call.action === 't/snapshot.create' ? 'lostAfter' : call.purpose === 'find' || call.purpose === 'probe' ? 'refuse' : 'ok'
    const story = play(one, { fate: lost })
    expect(story.outcome).toMatchObject({ status: 'failed', owed: ['backup/snap'] })
    expect(story.held).toEqual(['snapshot:s'])
  })
})

describe('an acquire with a key, of which one attempt may have applied [P2, P3]', () => {
  const keyed = program(block([scope('backup', block([uses('snap', 't/snapshot.createKeyed', { name: 's' })]))]))
  const [lost, refused] = [
    { type: 'answerLost', message: 'lost', retryable: true, applied: 'maybe' },
    { type: 'notReachable', message: 'refused', retryable: true, applied: 'no' },
  ] as const

  /** The first attempt is lost, the look-up finds nothing yet, the repeat is about to leave. */
  function inDoubt() {
    const state = createState({ runId: 'r', startedAt: 0, inputs: {}, targets: {} })
    const give = (event: object, at = 0) => apply(keyed, state, { at, ...event } as Event)
    const called = (commands: readonly Command[]) => commands.find((each) => each.kind === 'call')
    give({ kind: 'started' })
    give({ kind: 'evaluated', id: 'backup?start', values: { onDirtyClose: 'fail' } })
    const create = called(give({ kind: 'evaluated', id: 'backup/snap?start', values: { with: { name: 's' } } }))
    const find = called(give({ kind: 'callFailed', call: create?.id, failure: lost }))
    give({ kind: 'callSucceeded', call: find?.id, output: { found: false } })
    return { state, give, called, create }
  }

  it('stays in doubt when a repeat is known not to have applied: it is looked up, under the same key', () => {
    const { state, give, called, create } = inDoubt()
    const again = called(give({ kind: 'timerFired', timer: 'retry:backup/snap' }, 1000))
    expect(again?.key).toBe(create?.key)
    expect(called(give({ kind: 'callFailed', call: again?.id, failure: refused }, 1000))?.purpose).toBe('find')
    expect(state.obligations['backup/snap']?.state).toBe('inDoubt')
  })

  it('is looked up to the end when the run is cancelled before the repeat', () => {
    const { state, give, called } = inDoubt()
    give({ kind: 'cancelRequested', reason: 'test' })
    const find = called(give({ kind: 'timerFired', timer: 'look:backup/snap' }, 20_000))
    const last = give({ kind: 'callSucceeded', call: find?.id, output: { found: false } }, 20_000)
    expect(last).toContainEqual({ kind: 'finish', outcome: { status: 'cancelled', owed: [] } })
    expect(state.obligations).toEqual({})
  })
})

describe('a doubt that is reaped while the resource may still appear [P2, P3]', () => {
  it('is not settled before the look-up is final', () => {
    const simple = program(block([scope('backup', block([snap]))]))
    const { state } = play(simple, {
      fate: (call) => (call.action === 't/snapshot.create' ? 'lostAfter' : call.action === 't/snapshot.find' ? 'refuse' : 'ok'),
    })
    const { sentAt } = state.obligations['backup/snap'] ?? { sentAt: 0 }
    // As if the look-ups had failed sooner: it may appear until ten seconds after the call.
    const at = sentAt + 5000
    state.now = at
    const give = (event: object, when: number) => apply(simple, state, { at: when, ...event } as Event)
    const [question] = give({ kind: 'reapRequested' }, at).filter((each) => each.kind === 'call')
    const commands = give({ kind: 'callSucceeded', call: question?.id, output: { found: false } }, at)
    expect(commands).toContainEqual({ kind: 'setTimer', timer: 'release:backup/snap', at: sentAt + 10_000 })
    expect(state.obligations['backup/snap']?.state).toBe('releasing')
    const again = give({ kind: 'timerFired', timer: 'release:backup/snap' }, sentAt + 10_000).find((each) => each.kind === 'call')
    expect(again).toMatchObject({ purpose: 'probe', action: 't/snapshot.find' })
  })
})

describe('a resource that can neither be looked up nor released blindly [P2]', () => {
  it('is owed after an answer that was lost, and the run ends', () => {
    const { find: _, ...type } = one.resources['t/Snapshot'] ?? { name: '' }
    const resources = { ...one.resources, 't/Snapshot': { ...type, releaseWhen: ['acquired'] } }
    const blind = { ...program(block([scope('backup', block([snap]))])), resources } as Program
    const story = play(blind, { fate: when('step', 'snapshot.create', 'lostAfter') })
    expect(story.outcome).toMatchObject({ status: 'failed', owed: ['backup/snap'] })
  })
})

describe('the judge of the exploration', () => {
  const weakened = (change: (resource: Program['resources'][string]) => object): Program => ({
    ...one,
    resources: Object.fromEntries(
      Object.entries(one.resources).map(([name, type]) => [name, { ...type, ...change(type) } as typeof type]),
    ),
  })

  it('reports a resource type that is taken for void too early', () => {
    const late = weakened(() => ({ find: 't/list', appearsWithinMs: 0 }))
    const story = play(late, { fate: when('step', 'snapshot.create', 'lostAfter') })
    expect(story.held).not.toEqual([])
  })

  it('reports a parent that is released under a living child', () => {
    const inner = scope(
      'inner',
      block([snap, uses('session', 't/session.create', { name: 'x', snapshot: '$.steps.snap.handle' }, { owner: 'outer' })]),
    )
    const outer = program(block([scope('outer', block([inner]))]))
    expect(play(outer).violations).toEqual([])
    const unmarked = { ...outer.actions['t/session.create'], input: { type: 'object', properties: { name: {}, snapshot: {} } } }
    const blind = { ...outer, actions: { ...outer.actions, 't/session.create': unmarked } } as Program
    expect(play(blind).violations).toEqual(['P4: snapshot:s released before x'])
  })
})

describe('the transition function [P10]', () => {
  it('ignores what is about something that has ended', () => {
    const state = createState({ runId: 'r', startedAt: 0, inputs: {}, targets: {} })
    apply(one, state, { kind: 'started', at: 0 })
    const before = JSON.stringify(state)
    expect(apply(one, state, { kind: 'callSucceeded', call: 'nobody#9', output: {}, at: 0 })).toEqual([])
    expect(apply(one, state, { kind: 'timerFired', timer: 'nobody', at: 0 })).toEqual([])
    expect(apply(one, state, { kind: 'lockGranted', lock: 'nobody', at: 0 })).toEqual([])
    expect(JSON.stringify(state)).toBe(before)
  })

  it('keeps its state plain: it survives JSON', () => {
    const { state } = play(one)
    expect(JSON.parse(JSON.stringify(state))).toEqual(state)
  })
})
