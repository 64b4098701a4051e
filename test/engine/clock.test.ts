import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fastClock, systemClock } from '../../src/engine/index.ts'

const DAY_MS = 86_400_000

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }))
afterEach(() => void vi.useRealTimers())

describe.each([
  ['the system clock', systemClock, 1],
  ['a clock a thousand times as fast', undefined, 1000],
])('%s', (_, given, rate) => {
  const clock = () => given ?? fastClock(rate)

  it('tells the time and sleeps at its rate', async () => {
    const { now, sleep } = clock()
    const startedAt = now()
    let woke = false
    const slept = sleep(60_000).then(() => {
      woke = true
    })
    await vi.advanceTimersByTimeAsync(60_000 / rate - 1)
    expect(woke).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    await slept
    expect(now() - startedAt).toBe(60_000)
  })

  it('rejects with the reason of the signal, before and during a sleep', async () => {
    const { sleep } = clock()
    const controller = new AbortController()
    const sleeping = sleep(60_000, controller.signal)
    controller.abort('enough')
    await expect(sleeping).rejects.toBe('enough')
    await expect(sleep(1, controller.signal)).rejects.toBe('enough')
    expect(vi.getTimerCount()).toBe(0)
  })
})

it('a sleep longer than one timer can be is slept in parts', async () => {
  let woke = false
  const slept = systemClock.sleep(60 * DAY_MS).then(() => {
    woke = true
  })
  await vi.advanceTimersByTimeAsync(60 * DAY_MS - 1)
  expect(woke).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  await slept
})
