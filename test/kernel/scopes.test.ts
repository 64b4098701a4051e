import { describe, expect, it } from 'vitest'
import { block, choose, end, fail, foreach, parallel, program, scope, uses, wait } from './build.ts'
import { play } from './world.ts'

const backupOf = (...steps: Parameters<typeof block>[0]) => program(block([scope('backup', block(steps))]))

const group = program(
  block(
    [
      scope(
        'backup',
        block(
          [
            uses('snap', 't/snapshot.create', { name: 's1' }),
            foreach(
              'vms',
              '$.inputs.vms',
              'vm',
              '$.vm',
              block(
                [
                  uses('session', 't/session.create', { name: '$.vm', snapshot: '$.steps.snap.handle' }),
                  uses('copy', 't/copy', { name: '$.vm', session: '$.steps.session.handle' }),
                  uses('commit', 't/store', { name: '$.vm' }),
                ],
                { vm: '$.vm' },
              ),
              'collect',
              2,
            ),
          ],
          { ok: '$.steps.vms.ok', failed: '$.steps.vms.failed' },
        ),
      ),
    ],
    { done: '$.steps.backup.ok' },
  ),
)
const inputs = { vms: ['a', 'b', 'c'] }

describe('a scope', () => {
  it('releases what it owns, children before parents, when all goes well [P2, P4]', () => {
    const story = play(group, {}, inputs)
    expect(story.outcome).toMatchObject({ status: 'succeeded', owed: [] })
    expect(story.outcome?.outputs).toEqual({ done: ['a', 'b', 'c'].map((vm) => ({ key: vm, value: { vm } })) })
    expect(story.violations).toEqual([])
    expect(story.held).toEqual([])
    expect(story.calls.at(-1)).toBe('release snapshot.delete backup/snap')
  })

  it('releases newest first', () => {
    const story = play(backupOf(uses('one', 't/snapshot.create', { name: '1' }), uses('two', 't/snapshot.create', { name: '2' })))
    expect(story.calls.slice(-2)).toEqual(['release snapshot.delete backup/two', 'release snapshot.delete backup/one'])
  })

  it('lets a resource outlive it when an enclosing scope is named as owner', () => {
    const inner = scope('prepare', block([uses('snap', 't/snapshot.create', { name: 's' }, { owner: 'backup' })]))
    const story = play(backupOf(inner, uses('later', 't/list', {})))
    expect(story.calls.map((call) => call.split(' ')[1])).toEqual(['snapshot.create', 'list', 'snapshot.delete'])
  })

  it('keeps what was acquired with release onFailure when it ends well, and releases it when not', () => {
    const made = uses('snap', 't/snapshot.create', { name: 's' }, { release: 'onFailure' })
    expect(play(backupOf(made)).held).toEqual(['snapshot:s'])
    const story = play(backupOf(made, fail('no', 'nope', 'no')))
    expect(story.held).toEqual([])
    expect(story.outcome).toMatchObject({ status: 'failed', failure: { type: 'nope', path: 'backup/no' } })
  })

  it('runs its catch after it has unwound, and goes on', () => {
    const story = play(
      program(
        block(
          [
            scope('try', block([uses('snap', 't/snapshot.create', { name: 's' }), fail('no', 'nope', 'text')], {}), {
              catch: { on: ['nope'], body: block([uses('say', 't/note', {})], { type: '$.error.type' }) },
            }),
          ],
          { caught: '$.steps.try.type' },
        ),
      ),
    )
    expect(story.calls.slice(-2)).toEqual(['release snapshot.delete try/snap', 'step note try!catch/say'])
    expect(story.outcome).toMatchObject({ status: 'succeeded', outputs: { caught: 'nope' } })
  })

  it('ends what takes longer than its max, then releases', () => {
    const story = play(
      program(
        block([
          scope('backup', block([uses('snap', 't/snapshot.create', { name: 's' }), wait('long', '2h')]), { maxMs: 60_000 }),
        ]),
      ),
    )
    expect(story.outcome).toMatchObject({ status: 'failed', failure: { type: 'timedOut' } })
    expect(story.held).toEqual([])
  })

  it('is released early by end, children first', () => {
    const story = play(
      backupOf(
        uses('snap', 't/snapshot.create', { name: 's' }),
        uses('session', 't/session.create', { name: 'x', snapshot: '$.steps.snap.handle' }),
        end('done', 'snap'),
        uses('after', 't/list', {}),
      ),
    )
    expect(story.violations).toEqual([])
    expect(story.calls.map((call) => call.split(' ')[1])).toEqual([
      'snapshot.create',
      'session.create',
      'session.delete',
      'snapshot.delete',
      'list',
    ])
  })

  it('refuses a handle that was released before [P4]', () => {
    const story = play(
      backupOf(
        uses('snap', 't/snapshot.create', { name: 's' }),
        end('done', 'snap'),
        uses('session', 't/session.create', { name: 'x', snapshot: '$.steps.snap.handle' }),
      ),
    )
    expect(story.outcome).toMatchObject({ status: 'failed', failure: { type: 'usedAfterRelease' } })
    expect(story.violations).toEqual([])
  })
})

describe('a loop', () => {
  it('goes on with the other items when it collects, and fails the step when it does not', () => {
    const body = block([choose('which', '$.vm', { b: block([fail('no', 'nope', 'b is bad')]) }, block([]))], { vm: '$.vm' })
    const run = (onError: 'fail' | 'collect') =>
      play(program(block([foreach('vms', '$.inputs.vms', 'vm', '$.vm', body, onError)], { r: '$.steps.vms' })), {}, inputs)
    expect(run('collect').outcome?.outputs).toMatchObject({
      r: { ok: [{ key: 'a' }, { key: 'c' }], failed: [{ key: 'b', error: { type: 'nope' } }] },
    })
    expect(run('fail').outcome).toMatchObject({ status: 'failed', failure: { type: 'nope', path: 'vms[b]/which/no' } })
  })

  it('refuses two items with one key', () => {
    const story = play(program(block([foreach('vms', ['a', 'a'], 'vm', '$.vm', block([]))])))
    expect(story.outcome).toMatchObject({ status: 'failed', failure: { type: 'loopKeyRepeated' } })
  })

  it('keeps the state as small as the items under way', () => {
    const items = Array.from({ length: 500 }, (_, index) => `i${index}`)
    const story = play(program(block([foreach('all', items, 'item', '$.item', block([uses('one', 't/list', {})]), 'fail', 4)])))
    expect(story.outcome?.status).toBe('succeeded')
    expect(Object.keys(story.state.steps)).toEqual([])
    expect(Object.keys(story.state.blocks)).toEqual(['run'])
    expect(Object.keys(story.state.timers)).toEqual([])
  })
})

describe('parallel and switch', () => {
  it('yields each branch under its name', () => {
    const branches = { left: block([uses('l', 't/list', {})], { x: 1 }), right: block([], { x: 2 }) }
    expect(play(program(block([parallel('both', branches)], { r: '$.steps.both' }))).outcome?.outputs).toEqual({
      r: { left: { x: 1 }, right: { x: 2 }, skipped: false },
    })
  })

  it('fails where no case fits and there is no else', () => {
    expect(play(program(block([choose('which', 'z', { a: block([]) })]))).outcome).toMatchObject({ failure: { type: 'noCase' } })
  })
})

describe('a step', () => {
  it('is skipped when its condition is false', () => {
    const story = play(program(block([uses('maybe', 't/list', {}, { if: false })], { s: '$.steps.maybe.skipped' })))
    expect(story.calls).toEqual([])
    expect(story.outcome?.outputs).toEqual({ s: true })
  })

  it('is tried again after a passing failure, with the delays of its policy', () => {
    const retry = { attempts: 3, delayMs: 1000, factor: 2, maxDelayMs: 10_000 }
    const story = play(program(block([uses('read', 't/list', {}, { retry })])), {
      fate: (_, index) => (index < 2 ? 'lostBefore' : 'ok'),
    })
    expect(story.calls).toHaveLength(3)
    expect(story.outcome?.status).toBe('succeeded')
  })

  it('is not repeated when it may have applied and a repeat is not safe [P3]', () => {
    const story = play(program(block([uses('note', 't/note', {})])), { fate: () => 'lostAfter' })
    expect(story.calls).toEqual(['step note note'])
    expect(story.outcome).toMatchObject({ status: 'failed', failure: { type: 'answerLost' } })
  })

  it('takes and gives back the lock of its action', () => {
    const story = play(program(block([uses('add', 't/proxy.attach', { name: 'proxy7' })])))
    const locks = story.commands.filter((command) => command.kind === 'lock' || command.kind === 'unlock')
    expect(locks).toEqual([
      { kind: 'lock', lock: 'add!call', name: 'proxy7' },
      { kind: 'unlock', lock: 'add!call', name: 'proxy7' },
    ])
  })
})
