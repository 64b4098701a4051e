// Reads outside a run: the engine's own calls, guarded.
import { describe, expect, it } from 'vitest'
import { createReader } from '../../src/engine/index.ts'
import type { CallCommand } from '../../src/kernel/index.ts'
import type { ActionHandler, Clock } from '../../src/packs/index.ts'
import { ActionFailure } from '../../src/packs/index.ts'
import { block, program } from '../kernel/build.ts'

const built = program(block([]))
const command = (action: string, more: Partial<CallCommand> = {}): CallCommand => ({
  kind: 'call',
  id: 'x#1',
  purpose: 'step',
  path: 'x',
  action,
  input: {},
  key: 'k',
  attempt: 1,
  ...more,
})

/** Time stands still; what sleeps wakes when the test says so. */
function stoppedClock(): Clock & { wake(): void } {
  let wake = (): void => {}
  return {
    now: () => 0,
    sleep: (_, signal) =>
      new Promise((resolve, reject) => {
        wake = resolve
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      }),
    wake: () => wake(),
  }
}

const connection = () => ({ target: 'x', type: 'x', settings: {} })

describe('a read outside a run', () => {
  it('is never anything but a read: whatever changes something is refused before its handler is looked for', async () => {
    const called: string[] = []
    const effects = Object.entries(built.actions).filter(([, { effect }]) => effect !== 'read')
    const handlers = Object.fromEntries(
      effects.map(([name]): [string, ActionHandler] => [name, async () => ({ count: called.push(name) })]),
    )
    const read = createReader({ handlers, connection, clock: stoppedClock() })
    expect(effects.length).toBeGreaterThan(5)
    for (const [name] of effects) await expect(read(built, command(name), 1000)).rejects.toThrow(`a plan may not call ${name}`)
    expect(called).toEqual([])
  })

  it('is not a look-up, a renewal or a release either', async () => {
    const read = createReader({ handlers: { 't/list': async () => ({}) }, connection, clock: stoppedClock() })
    for (const purpose of ['find', 'probe', 'renew', 'release'] as const)
      await expect(read(built, command('t/list', { purpose }), 1000)).rejects.toThrow('a plan may not call')
  })

  it('answers what the handler answers, or fails with', async () => {
    const failure = { type: 'notReachable', message: 'down', retryable: true, applied: 'no' } as const
    const handlers: Record<string, ActionHandler> = {
      't/list': async () => ({ vms: [] }),
      't/snapshot.find': async () => {
        throw new ActionFailure(failure)
      },
    }
    const read = createReader({ handlers, connection, clock: stoppedClock() })
    expect(await read(built, command('t/list'), 1000)).toEqual({ kind: 'output', output: { vms: [] } })
    expect(await read(built, command('t/snapshot.find'), 1000)).toEqual({ kind: 'failure', failure })
  })

  it('ends when its time-out passes', async () => {
    const clock = stoppedClock()
    const handlers: Record<string, ActionHandler> = {
      't/list': (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    }
    const answer = createReader({ handlers, connection, clock })(built, command('t/list'), 1000)
    clock.wake()
    expect(await answer).toEqual({
      kind: 'failure',
      failure: { type: 'timedOut', message: 'the time-out passed', retryable: true, applied: 'no' },
    })
  })
})
