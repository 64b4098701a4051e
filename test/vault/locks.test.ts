import { hostname } from 'node:os'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { writeFailed } from '../../src/vault/codes.ts'
import { takeLock, takeReadersLock } from '../../src/vault/format/locks.ts'
import { putFile } from '../../src/vault/format/sealed-files.ts'
import { type Backend, memoryBackend, VaultError } from '../../src/vault/index.ts'

const KEY = { encrypt: Buffer.alloc(32, 1), macK: Buffer.alloc(16, 2), macR: Buffer.alloc(16, 3) }
const MINUTE = 60_000
const now = (): number => Date.now()

const leave = (backend: Backend, lock: object): Promise<string> =>
  putFile(
    backend,
    KEY,
    'lock',
    JSON.stringify({
      time: new Date(now()).toISOString(),
      exclusive: true,
      hostname: 'elsewhere',
      username: 'root',
      pid: 1,
      ...lock,
    }),
  )

/** A pid that no process has. */
const DEAD = 2 ** 22 + 1

describe('locks', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.parse('2026-11-21T12:00:00Z'), toFake: ['Date', 'setInterval', 'clearInterval'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('let several share, and an exclusive one only in alone', async () => {
    const backend = memoryBackend()
    const first = await takeLock(backend, KEY, false, now)
    const second = await takeLock(backend, KEY, false, now)
    await expect(takeLock(backend, KEY, true, now)).rejects.toMatchObject({ code: 'VAULT_LOCKED' })
    await first.release()
    await second.release()
    const alone = await takeLock(backend, KEY, true, now)
    await expect(takeLock(backend, KEY, false, now)).rejects.toThrow(
      `the vault is locked exclusively by process ${process.pid} on ${hostname()}`,
    )
    await alone.release()
    expect(await backend.list('lock')).toEqual([])
  })

  test.each([
    ['older than 30 minutes', { time: new Date(Date.parse('2026-11-21T11:29:00Z')).toISOString() }],
    ['of a process of this host that is gone', { hostname: hostname(), pid: DEAD }],
  ])('do not count when they are %s', async (_, stale) => {
    const backend = memoryBackend()
    await leave(backend, stale)
    await (await takeLock(backend, KEY, false, now)).release()
  })

  test('count when their process lives on another host, whatever its pid', async () => {
    const backend = memoryBackend()
    await leave(backend, { pid: DEAD })
    await expect(takeLock(backend, KEY, false, now)).rejects.toMatchObject({ code: 'VAULT_LOCKED' })
    expect(await backend.list('lock')).toHaveLength(1)
  })

  test('are refreshed every five minutes, so that nobody takes them for stale', async () => {
    const backend = memoryBackend()
    const lock = await takeLock(backend, KEY, true, now)
    const [before] = await backend.list('lock')
    await vi.advanceTimersByTimeAsync(45 * MINUTE)
    const [after, ...others] = await backend.list('lock')
    expect(others).toEqual([])
    expect(after?.name).not.toBe(before?.name)
    await expect(takeLock(backend, KEY, false, now)).rejects.toMatchObject({ code: 'VAULT_LOCKED' })
    expect(lock.lost.aborted).toBe(false)
    await lock.release()
    expect(await backend.list('lock')).toEqual([])
  })

  test('are given up for lost well before others take them for stale, when refreshing keeps failing', async () => {
    const backend = memoryBackend()
    let works = true
    const put: Backend['put'] = async (...args) => {
      if (!works) throw new Error('the storage is away')
      await backend.put(...args)
    }
    const lock = await takeLock({ ...backend, put }, KEY, false, now)
    works = false
    await vi.advanceTimersByTimeAsync(20 * MINUTE)
    expect(lock.lost.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(5 * MINUTE)
    expect(lock.lost.reason).toMatchObject({ code: 'VAULT_LOCK_LOST' })
    await lock.release()
  })

  test('are lost by a machine that sleeps too long, although they can be refreshed again: others may have had the vault', async () => {
    const backend = memoryBackend()
    const asleep = await takeLock(backend, KEY, true, now)
    // Timers stand still meanwhile.
    vi.setSystemTime(now() + 40 * MINUTE)
    await (await takeLock(backend, KEY, false, now)).release()
    expect(asleep.lost.aborted).toBe(false)
    expect(() => asleep.assertHeld()).toThrow(VaultError)
    expect(asleep.lost.reason).toMatchObject({ code: 'VAULT_LOCK_LOST' })
    await vi.advanceTimersByTimeAsync(5 * MINUTE)
    expect(() => asleep.assertHeld()).toThrow(VaultError)
    await asleep.release()
  })

  test('lost in a sleep are told of by the next refresh, to work that asks nothing', async () => {
    const backend = memoryBackend()
    const asleep = await takeLock(backend, KEY, false, now)
    vi.setSystemTime(now() + 40 * MINUTE)
    await vi.advanceTimersByTimeAsync(5 * MINUTE)
    expect(asleep.lost.reason).toMatchObject({ code: 'VAULT_LOCK_LOST' })
    // Whoever holds it still reads: from now on it keeps others off again.
    await expect(takeLock(backend, KEY, true, now)).rejects.toMatchObject({ code: 'VAULT_LOCKED' })
    await asleep.release()
  })

  test('stay held when the clock is set back', async () => {
    const backend = memoryBackend()
    const lock = await takeLock(backend, KEY, true, now)
    vi.setSystemTime(now() - 24 * 60 * MINUTE)
    await expect(takeLock(backend, KEY, false, now)).rejects.toMatchObject({ code: 'VAULT_LOCKED' })
    await vi.advanceTimersByTimeAsync(45 * MINUTE)
    lock.assertHeld()
    await expect(takeLock(backend, KEY, false, now)).rejects.toMatchObject({ code: 'VAULT_LOCKED' })
    await lock.release()
  })

  test('are lost when another, whose clock takes them for stale, has removed them', async () => {
    const backend = memoryBackend()
    const behind = (): number => now() - 60 * MINUTE
    const writer = await takeLock(backend, KEY, false, behind)
    await writer.assertThere()
    // A prune on a machine whose clock is right.
    await (await takeLock(backend, KEY, true, now)).release()
    writer.assertHeld()
    await expect(writer.assertThere()).rejects.toMatchObject({ code: 'VAULT_LOCK_LOST' })
    await writer.release()

    const reader = await takeLock(backend, KEY, false, behind)
    await (await takeLock(backend, KEY, true, now)).release()
    await vi.advanceTimersByTimeAsync(5 * MINUTE)
    expect(reader.lost.reason).toMatchObject({ code: 'VAULT_LOCK_LOST' })
    await reader.release()
    expect(await backend.list('lock')).toEqual([])
  })

  test('are done without by who only reads from storage that takes no file; not where another has it alone', async () => {
    const backend = memoryBackend()
    const put: Backend['put'] = async () => {
      throw writeFailed(new Error('EROFS: read-only file system'))
    }
    const none = await takeReadersLock({ ...backend, put }, KEY, now)
    expect(none.lost.aborted).toBe(false)
    expect(() => none.assertHeld()).toThrow('EROFS')
    await none.release()
    await leave(backend, {})
    await expect(takeReadersLock({ ...backend, put }, KEY, now)).rejects.toMatchObject({ code: 'VAULT_LOCKED' })
    const broken: Backend['put'] = async () => {
      throw new Error('EIO')
    }
    await expect(takeReadersLock({ ...memoryBackend(), put: broken }, KEY, now)).rejects.toThrow('EIO')
  })
})
