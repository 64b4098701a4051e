// Questions to people: what an answer, a refusal, silence, a cancel and a crash make of the step that asks.
import { describe, expect, it } from 'vitest'
import type { Approval, Report } from '../../src/kernel/index.ts'
import { approve, block, parallel, program, scope, uses, wait } from './build.ts'
import { type Choices, play, type Story } from './world.ts'

const asking = (more: Parameters<typeof approve>[2] = {}, prompt: unknown = '$.inputs.prompt') =>
  program(block([approve('gate', prompt, more), uses('note', 't/store', { name: 'x' })], { said: '$.steps.gate' }))

const reports = (story: Story): readonly Report[] =>
  story.commands.flatMap((command) => (command.kind === 'report' ? [command.report] : []))
const approvals = (story: Story) => reports(story).flatMap((report) => (report.kind === 'approval' ? [report] : []))

describe('an approval', () => {
  it('waits, and goes on with who answered, when and what they said', () => {
    const story = play(asking({ by: ['ann', 'ben'] }), {}, { prompt: 'go on?' })
    expect(story.outcome).toMatchObject({
      status: 'succeeded',
      outputs: { said: { approved: true, by: 'ann', at: '1970-01-01T00:00:00.000Z', inputs: {} } },
    })
    expect(approvals(story)).toEqual([
      { kind: 'approval', state: 'asked', approval: { path: 'gate', prompt: 'go on?', by: ['ann', 'ben'], askedAt: 0 } },
      {
        kind: 'approval',
        state: 'answered',
        approval: expect.anything(),
        answer: { by: 'ann', decision: { kind: 'granted', inputs: {} } },
      },
    ])
  })

  it('that is denied fails with who denied it and why', () => {
    const story = play(asking(), { answer: () => 'deny' }, { prompt: 'go on?' })
    const failure = { type: 'denied', message: 'ann denied it: not now', detail: { by: 'ann', reason: 'not now' }, path: 'gate' }
    expect(story.outcome).toMatchObject({ status: 'failed', failure })
    expect(story.calls).toEqual([])
  })

  it('that nobody answers fails when its time is over, and wants no answer any more', () => {
    const story = play(asking({ timeoutMs: 90_000 }), { answer: () => 'silence' }, { prompt: 'go on?' })
    expect(story.outcome?.failure).toMatchObject({ type: 'approvalTimedOut', message: 'nobody answered within 1m30s' })
    expect(approvals(story).map(({ state }) => state)).toEqual(['asked', 'withdrawn'])
    expect(approvals(story)[0]?.approval.until).toBe(90_000)
  })

  it.each(['denied', 'approvalTimedOut'])('lets a catch of %s go on', (type) => {
    const caught = { catch: { on: [type], body: block([], { was: '$.error.type' }) } }
    const root = block([scope('ask', block([approve('gate', 'go on?', { timeoutMs: 1000 })]), caught)], {
      was: '$.steps.ask.was',
    })
    const story = play(program(root), { answer: () => (type === 'denied' ? 'deny' : 'silence') })
    expect(story.outcome).toMatchObject({ status: 'succeeded', outputs: { was: type } })
  })

  it('ends when the run is cancelled', () => {
    const inject = (index: number) => (index === 1 ? ({ kind: 'cancelRequested', reason: 'test' } as const) : undefined)
    const story = play(asking(), { answer: () => 'silence', inject }, { prompt: 'go on?' })
    expect(story.outcome?.status).toBe('cancelled')
    expect(approvals(story).map(({ state }) => state)).toEqual(['asked', 'withdrawn'])
  })

  it('that asks nobody by name fails', () => {
    for (const by of [[], '', [''], 7, '$.inputs.nobody'] as const) {
      const story = play(asking({ by }), {}, { prompt: 'go on?' })
      expect(story.outcome?.failure, String(by)).toMatchObject({ type: 'expressionFailed', path: 'gate' })
    }
  })

  it('takes one answer; another, and one to nothing, change nothing [K3]', () => {
    const answer = (approval: string) =>
      ({ kind: 'approvalAnswered', approval, by: 'eve', decision: { kind: 'denied', reason: 'no' } }) as const
    for (const at of [0, 2, 3, 4]) {
      for (const path of ['gate', 'other']) {
        const inject = (index: number) => (index === at ? answer(path) : undefined)
        const story = play(asking(), { inject }, { prompt: 'go on?' })
        expect(story.outcome?.outputs, `${path} before ${at}`).toMatchObject({ said: { by: 'ann' } })
      }
    }
  })

  it('holds nothing up beside it: leases are renewed and other branches go on [P6]', () => {
    const steps = [
      uses('snap', 't/snapshot.create', { name: 's' }),
      uses('session', 't/session.create', { name: 'x', snapshot: '$.steps.snap.handle' }),
      parallel('both', {
        asked: block([approve('gate', 'go on?', { timeoutMs: 600_000 })]),
        beside: block([wait('long', '5m')]),
      }),
    ]
    const story = play(program(block(steps)), { answer: () => 'silence' })
    const renewals = story.calls.flatMap((call, index) => (call.startsWith('renew') ? [story.sentAt[index]] : []))
    expect(renewals).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((minute) => minute * 60_000))
    expect(story.held).toEqual([])
  })

  it('survives a crash at any moment: the question is the same and its time runs on', () => {
    const plain = play(asking({ timeoutMs: 90_000 }), { answer: () => 'silence' }, { prompt: 'go on?' })
    const question: Approval | undefined = approvals(plain)[0]?.approval
    for (let at = 1; at < plain.events; at += 1) {
      const silent: Choices = { answer: () => 'silence', crashBefore: (index) => index === at && 'applied' }
      const story = play(asking({ timeoutMs: 90_000 }), silent, { prompt: 'go on?' })
      expect(story.outcome?.failure?.type, `crash before ${at}`).toBe('approvalTimedOut')
      expect(story.state.now, `crash before ${at}`).toBe(90_000)
      expect(approvals(story)[0]?.approval, `crash before ${at}`).toEqual(question)
      const answered = play(asking(), { crashBefore: (index) => index === at && 'notApplied' }, { prompt: 'go on?' })
      expect(answered.outcome?.outputs, `crash before ${at}`).toMatchObject({ said: { by: 'ann' } })
    }
  })

  it('that is answered while critical things are let go after a crash goes on when that is done [P5]', () => {
    const branches = {
      asked: block([approve('gate', 'go on?'), uses('note', 't/store', { name: 'a' })]),
      frozen: block([scope('hold', block([uses('quiet', 't/freeze.create', { name: 'g' }), wait('long', '5s')]))]),
    }
    const root = program(block([parallel('both', branches, 'collect')]))
    const answer = {
      kind: 'approvalAnswered',
      approval: 'both[asked]/gate',
      by: 'ann',
      decision: { kind: 'granted', inputs: {} },
    } as const
    let frozen = 0
    for (let crash = 0; crash < 20; crash += 1) {
      const sent: string[] = []
      let sentBefore = 0
      const story = play(root, {
        answer: () => 'silence',
        fate: ({ action }) => {
          sent.push(action)
          return 'ok'
        },
        crashBefore: (index) => {
          if (index === crash) sentBefore = sent.length
          return index === crash && 'applied'
        },
        inject: (index) => (index === crash ? answer : undefined),
      })
      const before = sent.slice(0, sentBefore)
      // Nobody asked yet: the answer was to nothing.
      if (story.outcome === undefined || !before.includes('t/freeze.create') || before.includes('t/freeze.delete')) continue
      frozen += 1
      expect(sent.slice(sentBefore), `crash before ${crash}`).toEqual(['t/freeze.delete', 't/store'])
    }
    expect(frozen).toBeGreaterThan(0)
  })
})
