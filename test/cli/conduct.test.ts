// How a person, a terminal, whoever looks after processes, and a mistake end a run, while something critical is held. [P5]
import { expect, it } from 'vitest'
import type { App } from '../../src/cli/app.ts'
import type { Interrupt } from '../../src/cli/host.ts'
import { conduct } from '../../src/cli/runs/index.ts'
import type { Notice } from '../../src/cli/views/index.ts'
import { createMemoryJournal } from '../../src/journal/index.ts'
import type { Outcome } from '../../src/kernel/index.ts'
import { createVirtualClock } from '../engine/virtual-clock.ts'
import { createTestHost } from './test-host.ts'

/** A run under way that holds something critical until the test says otherwise. */
function underWay() {
  const { host, left } = createTestHost('/')
  const clock = createVirtualClock()
  const said: Notice['kind'][] = []
  const state = { critical: true, cancels: 0 }
  let press: (signal: Interrupt) => void = () => {}
  const app = { journal: createMemoryJournal(), clock } as unknown as App
  const view = { observe: () => {}, notice: ({ kind }: Notice) => void said.push(kind), close: async () => {} }
  const run = {
    id: 'run-1',
    ended: new Promise<Outcome>(() => {}),
    cancel: () => {
      state.cancels += 1
    },
    holdsCritical: () => state.critical,
    abandon: () => {},
  }
  const listening = {
    ...host,
    onInterrupt: (listener: typeof press) => {
      press = listener
      return () => {}
    },
  }
  void conduct(listening, {} as Parameters<typeof conduct>[1], app, view, run)
  return { state, said, left, press: (signal: Interrupt) => press(signal), pass: (ms: number) => clock.sleep(ms) }
}

it('a terminal that goes away cancels the run, however often it says so', async () => {
  const { state, said, left, press, pass } = underWay()
  for (const signal of ['SIGHUP', 'SIGHUP', 'SIGHUP'] as const) press(signal)
  state.critical = false
  await pass(60_000)
  expect({ cancels: state.cancels, said, left }).toEqual({ cancels: 1, said: ['cancelling'], left: {} })
})

it('a session that ends its processes by one signal after the other cancels the run', async () => {
  const { state, left, press, pass } = underWay()
  press('SIGTERM')
  press('SIGHUP')
  state.critical = false
  await pass(60_000)
  expect({ cancels: state.cancels, left }).toEqual({ cancels: 1, left: {} })
})

it('a second Ctrl-C leaves as soon as nothing critical is held any more', async () => {
  const { state, said, left, press, pass } = underWay()
  press('SIGINT')
  press('SIGINT')
  await pass(60_000)
  expect({ said, left }).toEqual({ said: ['cancelling'], left: {} })
  state.critical = false
  await pass(1000)
  expect({ said, left }).toEqual({ said: ['cancelling', 'left'], left: { code: 5 } })
})

it('a third one leaves at once', async () => {
  const { left, press, pass } = underWay()
  for (const signal of ['SIGINT', 'SIGINT', 'SIGINT'] as const) press(signal)
  await pass(1000)
  expect(left).toEqual({ code: 5 })
})

it('what nobody has caught ends the run by its own way, in place of the process', async () => {
  const { host } = createTestHost('/')
  const { promise: ended, reject } = Promise.withResolvers<Outcome>()
  let breakDown: (error: unknown) => void = () => {}
  const run = { id: 'run-1', ended, cancel: () => {}, holdsCritical: () => true, abandon: reject }
  const view = { observe: () => {}, notice: () => {}, close: async () => {} }
  const catching = {
    ...host,
    onBreakdown: (listener: typeof breakDown) => {
      breakDown = listener
      return () => {}
    },
  }
  const conducted = conduct(catching, {} as Parameters<typeof conduct>[1], {} as App, view, run)
  breakDown(new Error('a socket that nobody listens to'))
  await expect(conducted).rejects.toThrow('a socket that nobody listens to')
})
