// Calls of runbooks: what the called one sees, what it hands back, and who owns what it acquires.
import { describe, expect, it } from 'vitest'
import { apply, createState, type Event } from '../../src/kernel/index.ts'
import { block, call, fail, foreach, parallel, program, scope, uses, wait } from './build.ts'
import { play } from './world.ts'

const snapper = block([uses('snap', 't/snapshot.create', { name: '$.inputs.name' })], { handle: '$.steps.snap.handle' })

describe('a call of a runbook', () => {
  it('hands over its inputs and hands back its outputs', () => {
    const called = block([uses('note', 't/store', { name: '$.inputs.name' })], { got: '$.inputs.name' })
    const root = block([call('sub', called, { name: '$.inputs.vm' })], { got: '$.steps.sub.got', skipped: '$.steps.sub.skipped' })
    const story = play(program(root), {}, { vm: 'a' })
    expect(story.outcome).toMatchObject({ status: 'succeeded', outputs: { got: 'a', skipped: false } })
    expect(story.calls).toEqual(['step store sub/note'])
  })

  it('sees its own inputs, targets and steps, and nothing of its caller', () => {
    const state = createState({ runId: 'run1', startedAt: 0, inputs: { secretive: 1 }, targets: { a: { $target: 'lab' } } })
    const called = block([uses('look', 't/list', {})])
    const steps = [uses('before', 't/list', {}), call('sub', called, { name: 'x' }, { cloud: 'a' })]
    const whole = program(block([foreach('each', ['i'], 'item', '$.item', block(steps))]))
    const seen: unknown[] = []
    const pending: unknown[] = [{ kind: 'started' }]
    for (let next = pending.shift(); next; next = pending.shift()) {
      for (const command of apply(whole, state, { ...next, at: 0 } as Event)) {
        if (command.kind === 'call') pending.push({ kind: 'callSucceeded', call: command.id, output: {} })
        if (command.kind !== 'evaluate') continue
        if (command.path.endsWith('/look')) seen.push(command.roots)
        const values = { with: { name: 'x' }, in: ['i'], concurrency: 1, key: 'i' }
        pending.push({ kind: 'evaluated', id: command.id, values })
      }
    }
    const run = { id: 'run1', startedAt: '1970-01-01T00:00:00.000Z' }
    expect(seen).toEqual([{ inputs: { name: 'x' }, targets: { cloud: { $target: 'lab' } }, run, steps: {} }])
  })

  it('leaves what it acquires outside of scopes to the block of its caller [P2, P4]', () => {
    const root = block([
      scope(
        'backup',
        block([
          call('sub', snapper, { name: 's' }),
          uses('session', 't/session.create', { name: 'x', snapshot: '$.steps.sub.handle' }),
        ]),
      ),
      uses('after', 't/store', { name: 'late' }),
    ])
    const story = play(program(root))
    expect(story.outcome?.status).toBe('succeeded')
    expect(story.calls).toEqual([
      'step snapshot.create backup/sub/snap',
      'step session.create backup/session',
      'release session.delete backup/session',
      'release snapshot.delete backup/sub/snap',
      'step store after',
    ])
  })

  it('passes on through calls of calls to the innermost scope around', () => {
    const middle = block([call('inner', snapper, { name: '$.inputs.name' })], { handle: '$.steps.inner.handle' })
    const root = block([
      foreach(
        'vms',
        ['a', 'b'],
        'vm',
        '$.vm',
        block([
          call('outer', middle, { name: '$.vm' }),
          uses('session', 't/session.create', { name: '$.vm', snapshot: '$.steps.outer.handle' }),
        ]),
      ),
    ])
    const story = play(program(root))
    expect(story.calls.map((each) => each.replace('vms[', '['))).toEqual([
      'step snapshot.create [a]/outer/inner/snap',
      'step session.create [a]/session',
      'release session.delete [a]/session',
      'release snapshot.delete [a]/outer/inner/snap',
      'step snapshot.create [b]/outer/inner/snap',
      'step session.create [b]/session',
      'release session.delete [b]/session',
      'release snapshot.delete [b]/outer/inner/snap',
    ])
  })

  it('owns what it acquires in scopes of its own', () => {
    const called = block([scope('own', snapper), uses('then', 't/store', { name: 'x' })])
    const story = play(program(block([call('sub', called, { name: 's' })])))
    expect(story.calls).toEqual([
      'step snapshot.create sub/own/snap',
      'release snapshot.delete sub/own/snap',
      'step store sub/then',
    ])
  })

  it('that fails lets its caller unwind, and its caller catch what it failed with', () => {
    const called = block([uses('snap', 't/snapshot.create', { name: 's' }), fail('no', 'nope', 'no')])
    const caught = { catch: { on: ['nope'], body: block([], { at: '$.error.path' }) } }
    const story = play(program(block([scope('s', block([call('sub', called)]), caught)], { at: '$.steps.s.at' })))
    expect(story.outcome).toMatchObject({ status: 'succeeded', outputs: { at: 's/sub/no' } })
    expect(story.held).toEqual([])
  })

  it('is cancelled with its caller, and by what fails beside it', () => {
    const slow = block([uses('snap', 't/snapshot.create', { name: 's' }), wait('long', '1h')])
    const beside = block([wait('short', '1s'), fail('no', 'nope', 'no')])
    const story = play(program(block([parallel('both', { slow: block([call('sub', slow)]), beside })])))
    expect(story.outcome?.failure?.type).toBe('nope')
    expect(story.held).toEqual([])
    expect(story.state.now).toBe(1000)
  })
})
