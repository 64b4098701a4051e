// Every placement of one fault, and of two, in small runbooks: each call's fate, a crash before each event with the effects of
// calls under way done or not, a cancel before each event. Judged by the world: nothing leaks, nothing goes in the wrong order.
import { describe, expect, it } from 'vitest'
import type { Program } from '../../src/kernel/index.ts'
import type { JsonObject } from '../../src/values/index.ts'
import { approve, block, call, end, fail, foreach, parallel, program, scope, uses, wait } from './build.ts'
import { type Choices, type Fate, play, type Story } from './world.ts'

const FATES: readonly Fate[] = ['refuse', 'lostBefore', 'lostAfter', 'hang']
const inputs = { vms: ['a', 'b'] }

const perVm = block([
  uses('session', 't/session.create', { name: '$.vm', snapshot: '$.steps.snap.handle' }),
  uses('copy', 't/copy', { name: '$.vm', session: '$.steps.session.handle' }),
  uses('commit', 't/store', { name: '$.vm' }),
])

const group = (create: string) =>
  program(
    block([
      uses('members', 't/list', {}),
      scope(
        'backup',
        block([uses('snap', create, { name: 's1' }), foreach('vms', '$.inputs.vms', 'vm', '$.vm', perVm, 'collect', 2)]),
      ),
    ]),
  )

const quiesced = program(
  block([
    scope(
      'backup',
      block([
        scope(
          'prepare',
          block([
            uses('quiet', 't/freeze.create', { name: 'guest' }),
            uses('snap', 't/snapshot.create', { name: 's' }, { owner: 'backup', timeoutMs: 8000 }),
          ]),
        ),
        uses('session', 't/session.create', { name: 'x', snapshot: '$.steps.snap.handle' }),
        uses('copy', 't/copy', { name: 'x', session: '$.steps.session.handle' }),
        end('done', 'session'),
      ]),
      { catch: { body: block([uses('say', 't/note', {})]) } },
    ),
  ]),
)

const frozen = (name: string) =>
  block([
    scope('quiet', block([uses('freeze', 't/freeze.create', { name }), wait('still', '5s')]), {
      catch: { body: block([uses('say', 't/note', {})]) },
    }),
  ])
const sideBySide = program(block([parallel('both', { a: frozen('a'), b: frozen('b') })]))

const PROGRAMS: Readonly<Record<string, Program>> = {
  'a group backup': group('t/snapshot.create'),
  'a group backup with a keyed create': group('t/snapshot.createKeyed'),
  'a quiesced backup that fails at its end': quiesced,
  'two guests that are frozen side by side': sideBySide,
  'a backup that asks while something critical is held beside': program(
    block([
      scope(
        'backup',
        block([
          uses('snap', 't/snapshot.create', { name: 's' }),
          parallel('both', {
            asked: block([approve('gate', 'go on?', { timeoutMs: 60_000 }), uses('note', 't/store', { name: 'a' })]),
            frozen: block([uses('quiet', 't/freeze.create', { name: 'g' }), uses('copy', 't/store', { name: 'b' })]),
          }),
        ]),
        { catch: { on: ['denied', 'approvalTimedOut'], body: block([uses('say', 't/note', {})]) } },
      ),
    ]),
  ),
  'a backup through other runbooks': program(
    block([
      scope(
        'backup',
        block([
          call(
            'freezeAndSnap',
            block(
              [uses('snap', 't/snapshot.create', { name: '$.inputs.name' }), uses('quiet', 't/freeze.create', { name: 'g' })],
              {
                handle: '$.steps.snap.handle',
              },
            ),
            { name: 's' },
          ),
          call(
            'copyAll',
            block([
              uses('session', 't/session.create', { name: 'x', snapshot: '$.inputs.snapshot' }),
              scope('inner', block([uses('copy', 't/copy', { name: 'x', session: '$.steps.session.handle' })])),
            ]),
            { snapshot: '$.steps.freezeAndSnap.handle' },
          ),
        ]),
      ),
    ]),
  ),
  'a backup that fails by itself': program(
    block([scope('s', block([uses('snap', 't/snapshot.create', { name: 's' }), fail('no', 'nope', 'no')]))]),
  ),
}

/** What must hold whatever happened, as long as releases succeed in the end. */
function judge(story: Story, label: string): void {
  const leaks = { held: story.held, owed: story.outcome?.owed, violations: story.violations, ended: story.outcome !== undefined }
  expect(leaks, label).toEqual({ held: [], owed: [], violations: [], ended: true })
  const { blocks, steps, calls, timers, locks, evaluations, approvals } = story.state
  const left = [blocks, steps, calls, timers, locks, evaluations, approvals].map((each) => Object.keys(each))
  expect(left, label).toEqual([['run'], [], [], [], [], [], []])
}

const explore = (name: string, choices: Choices, label: string): Story => {
  const program = PROGRAMS[name]
  if (!program) throw new Error(name)
  const story = play(program, choices, inputs as JsonObject)
  judge(story, `${name}, ${label}`)
  return story
}

describe.each(Object.keys(PROGRAMS))('%s [P2, P3, P4]', (name) => {
  const plain = explore(name, {}, 'no fault')
  const events = Array.from({ length: plain.events }, (_, index) => index)
  const calls = plain.calls.map((_, index) => index)

  it('leaks nothing wherever one call goes wrong', () => {
    for (const call of calls) {
      for (const fate of FATES) explore(name, { fate: (_, index) => (index === call ? fate : 'ok') }, `call ${call} ${fate}`)
    }
  })

  it('leaks nothing whatever people say, and wherever the engine dies then', () => {
    for (const answer of ['deny', 'silence'] as const) {
      const story = explore(name, { answer: () => answer }, answer)
      for (let at = 0; at < story.events; at += 1) {
        for (const applied of ['applied', 'notApplied'] as const) {
          explore(
            name,
            { answer: () => answer, crashBefore: (index) => index === at && applied },
            `${answer}, crash before ${at}`,
          )
        }
      }
    }
  })

  it('leaks nothing wherever two calls go wrong', () => {
    for (const first of calls) {
      for (const second of calls.filter((each) => each > first)) {
        for (const one of FATES) {
          for (const two of FATES) {
            const fate = (_: unknown, index: number): Fate => (index === first ? one : index === second ? two : 'ok')
            explore(name, { fate }, `calls ${first} ${one}, ${second} ${two}`)
          }
        }
      }
    }
  })

  it('leaks nothing wherever the engine dies, and dies again', () => {
    for (const at of events) {
      for (const applied of ['applied', 'notApplied'] as const) {
        explore(name, { crashBefore: (index) => index === at && applied }, `crash before ${at}, ${applied}`)
        for (const later of [1, 2, 3, 5, 8]) {
          const crashBefore = (index: number) => (index === at || index === at + later) && applied
          explore(name, { crashBefore }, `crash before ${at} and ${at + later}, ${applied}`)
        }
      }
    }
  })

  it('leaks nothing wherever it is cancelled, and wherever the engine dies then', () => {
    for (const at of events) {
      const inject = (index: number) => (index === at ? ({ kind: 'cancelRequested', reason: 'test' } as const) : undefined)
      const story = explore(name, { inject }, `cancel before ${at}`)
      expect(['cancelled', plain.outcome?.status], JSON.stringify(story.outcome)).toContain(story.outcome?.status)
      for (const later of [1, 2, 4]) {
        for (const applied of ['applied', 'notApplied'] as const) {
          const crashBefore = (index: number) => index === at + later && applied
          explore(name, { inject, crashBefore }, `cancel before ${at}, crash before ${at + later}, ${applied}`)
        }
      }
    }
  })

  it('leaks nothing wherever a call goes wrong and the engine dies', () => {
    for (const call of calls) {
      for (const fate of FATES) {
        for (const at of events) {
          const choices: Choices = {
            fate: (_, index) => (index === call ? fate : 'ok'),
            crashBefore: (index) => index === at && 'applied',
          }
          explore(name, choices, `call ${call} ${fate}, crash before ${at}`)
        }
      }
    }
  })
})

describe('a critical resource [P5]', () => {
  it('is released before anything else after a crash', () => {
    const plain = play(quiesced)
    for (let at = 0; at < plain.events; at += 1) {
      const story = play(quiesced, { crashBefore: (index) => index === at && 'applied' })
      const crash = story.calls.findIndex((call, index) => index > 0 && call.includes('freeze.delete'))
      const frozen = story.calls.findIndex((call) => call.includes('freeze.create'))
      expect(crash === -1 || crash > frozen, `crash before ${at}`).toBe(true)
      expect(story.held, `crash before ${at}`).toEqual([])
    }
  })

  it('is released before anything else after a crash, also where another one goes first and its scope has a catch', () => {
    let beside = 0
    for (let at = 0; at < play(sideBySide).events; at += 1) {
      const [sent, afterCrash]: [string[], string[]] = [[], []]
      let crashed = false
      const story = play(sideBySide, {
        // The second is in no hurry to go.
        fate: ({ action }) => {
          const calls = crashed ? afterCrash : sent
          calls.push(action)
          return crashed && calls.filter((each) => each === 't/freeze.delete').length === 2 ? 'lostBefore' : 'ok'
        },
        crashBefore: (index) => {
          crashed ||= index === at
          return index === at && 'applied'
        },
      })
      expect(story.held).toEqual([])
      const count = (action: string) => sent.filter((each) => each === action).length
      if (count('t/freeze.create') < 2 || count('t/freeze.delete') > 0) continue
      beside += 1
      const untilAllGone = afterCrash.slice(0, afterCrash.lastIndexOf('t/freeze.delete'))
      expect(new Set(untilAllGone), `crash before ${at}`).toEqual(new Set(['t/freeze.delete', 't/freeze.state']))
    }
    expect(beside).toBeGreaterThan(0)
  })

  it('is released in time for its maxHold though a call inside hangs', () => {
    const hangs = play(quiesced, { fate: (call) => (call.action === 't/snapshot.create' ? 'hang' : 'ok') })
    expect(hangs.held).toEqual([])
    const thawAt = hangs.sentAt[hangs.calls.findIndex((call) => call.includes('freeze.delete'))]
    expect(thawAt).toBeLessThanOrEqual(10_000 - 1000)
  })

  it('is not given up before it may no longer be held, however often its release fails', () => {
    const [resource] = [quiesced.resources['t/Freeze']]
    if (!resource) throw new Error('the freeze of the test is gone')
    const long = { ...quiesced, resources: { ...quiesced.resources, 't/Freeze': { ...resource, maxHoldMs: 900_000 } } }
    const outage = play(long, { fate: ({ purpose }) => (purpose === 'release' || purpose === 'probe' ? 'lostBefore' : 'ok') })
    const last = outage.sentAt[outage.calls.findLastIndex((call) => call.includes('freeze.delete'))]
    expect(last).toBeGreaterThanOrEqual(900_000 - 30_000)
    expect(outage.outcome?.owed).toContain('backup/prepare/quiet')
  })
})
