import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/values/index.ts'
import { arrived, carry } from '../../src/vault/backends/open.ts'
import { retrying } from '../../src/vault/backends/retrying.ts'
import { storageLost, storageRefused } from '../../src/vault/codes.ts'
import { type Backend, type BackendAddress, memoryBackend } from '../../src/vault/index.ts'

/** A storage that fails so many times in this way, then works; all waits are noted, none is waited for. */
function world(failures: number, error: Error) {
  const waitsMs: number[] = []
  const calls = { count: 0, left: failures }
  const storage = memoryBackend()
  const flaky: Backend = {
    ...storage,
    async names(kind) {
      calls.count += 1
      calls.left -= 1
      if (calls.left >= 0) throw error
      return await storage.names(kind)
    },
  }
  const backend = retrying(flaky, { wait: async (ms) => void waitsMs.push(ms) })
  return { backend, calls, waitsMs }
}

const lost = storageLost('there', new Error('gone'))

describe('a storage that cannot be reached', () => {
  test('is asked again, each time after about twice as long', async () => {
    const { backend, waitsMs } = world(7, lost)
    await backend.list('pack')
    expect(await backend.names('pack')).toEqual([])
    expect(waitsMs).toHaveLength(7)
    for (const [i, ms] of waitsMs.entries()) {
      const longest = Math.min(500 * 2 ** i, 30_000)
      expect(ms).toBeGreaterThanOrEqual(longest / 2)
      expect(ms).toBeLessThanOrEqual(longest)
    }
  })

  test('is given up after eight tries, with what it said last', async () => {
    const { backend, calls } = world(100, lost)
    await backend.list('pack')
    await expect(backend.names('pack')).rejects.toBe(lost)
    expect(calls.count).toBe(8)
  })

  test('and has never answered is given up after three: it is more likely misnamed', async () => {
    const { backend, calls } = world(100, lost)
    await expect(backend.names('pack')).rejects.toBe(lost)
    expect(calls.count).toBe(3)
  })
})

test('a storage that refuses is not asked again', async () => {
  const refused = storageRefused('there', new Error('no'))
  const { backend, calls } = world(100, refused)
  await backend.list('pack')
  await expect(backend.names('pack')).rejects.toBe(refused)
  expect(calls.count).toBe(1)
})

test('an address arrives in a thread with its secrets, which print as their mark before and after', () => {
  const address: BackendAddress = {
    kind: 'sftp',
    host: {
      host: 'nas',
      port: 22,
      user: 'u',
      login: { kind: 'password', password: new Secret('hush') },
      hostKey: 'ssh-ed25519 AAAA',
    },
    directory: '/srv',
  }
  const there = arrived(structuredClone(carry(address)))
  expect(there).toEqual(address)
  const { login } = there.kind === 'sftp' ? there.host : { login: undefined }
  expect(login?.kind === 'password' && login.password.reveal()).toBe('hush')
  expect(JSON.stringify(there)).not.toContain('hush')
})
