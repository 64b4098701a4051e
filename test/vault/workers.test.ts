// How many threads a vault starts; how they end: by themselves when it is closed, whatever they are at; and what their death means to their caller.
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest'
import { localBackend } from '../../src/vault/backends/index.ts'
import type { SealKey } from '../../src/vault/format/index.ts'
import { initVault, openVault } from '../../src/vault/index.ts'
import { createPool } from '../../src/vault/workers/index.ts'
import { createFolder, MiB, noise, PASSWORD, SMALL, whole, writeDisk } from './world.ts'

const DISK_BYTES = 40 * SMALL.chunkBytes
const CONTENT = noise(7, DISK_BYTES)

let questions: MockInstance<Worker['postMessage']>
let cut: MockInstance<Worker['terminate']>

beforeEach(() => {
  questions = vi.spyOn(Worker.prototype, 'postMessage')
  cut = vi.spyOn(Worker.prototype, 'terminate')
})

afterEach(() => vi.restoreAllMocks())

async function storing(threads: number) {
  const folder = await createFolder()
  const source = await writeDisk(folder.file('disk'), CONTENT)
  await initVault(folder.file('vault'), PASSWORD, { keyCost: 1024 })
  const open = () => openVault(folder.file('vault'), PASSWORD, { threads, geometry: SMALL })
  return {
    open,
    /** Begins to store, and comes back once the threads have been asked so many things. */
    async begin(asked: number) {
      const vault = await open()
      const before = questions.mock.calls.length
      const stored = vault.storeDisk({ disk: 'ide0', sizeBytes: DISK_BYTES, source, map: whole(DISK_BYTES) }).then(
        () => 'stored',
        (error: unknown) => error,
      )
      while (questions.mock.calls.length < before + asked) await new Promise((resolve) => setImmediate(resolve))
      return { vault, stored }
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

describe('threads of a vault', () => {
  test('leave by themselves when the vault is closed while they load, read, compress and write: none is cut off', async () => {
    await using world = await storing(2)
    for (const asked of [1, 4, 7, 10]) {
      const { vault, stored } = await world.begin(asked)
      await vault.close()
      expect(await stored).toMatchObject({ code: 'VAULT_CLOSED' })
    }
    expect(cut).not.toHaveBeenCalled()
  })

  test('are started by nobody once the vault is closed, whatever was under way', async () => {
    await using world = await storing(2)
    const { vault: filled, stored } = await world.begin(0)
    expect(await stored).toBe('stored')
    await filled.close()

    questions.mockClear()
    const vault = await world.open()
    const checked = vault.verify({ data: true }).catch((error: unknown) => error)
    await vault.close()
    expect(await checked).toBeInstanceOf(Error)
    expect(questions).not.toHaveBeenCalled()

    await using again = await world.open()
    await again.verify({ data: true })
    expect(questions).toHaveBeenCalled()
  })

  test.each([1, 2, 5, 9])('that die fail the call with a code, and no call after hangs (asked %i times)', async (asked) => {
    await using world = await storing(2)
    const { vault, stored } = await world.begin(asked)
    await Promise.all(questions.mock.contexts.map((thread) => (thread as Worker).terminate()))
    expect(await stored).toMatchObject({ code: 'VAULT_WORKER_LOST' })
    await expect(vault.verify({ data: true })).resolves.toBeDefined()
    await vault.close()
  })
})

describe('how many threads work', () => {
  const GiB = 2 ** 30
  const key: SealKey = { encrypt: new Uint8Array(32), macK: new Uint8Array(16), macR: new Uint8Array(16) }

  test('follows from the bytes there are to move: one for a small disk, more that join it for a large one', async () => {
    await using folder = await createFolder()
    await using pool = createPool(localBackend(folder.file('vault')))
    const few = pool.unlock(key, 20 * MiB)
    expect(few).toHaveLength(1)
    const many = pool.unlock(key, 10 * GiB)
    expect(many).toHaveLength(Math.min(availableParallelism(), 4))
    expect(many[0]).toBe(few[0])
    expect(pool.unlock(key, 0)).toEqual(many)
  })

  test('is what was asked for, where somebody asked', async () => {
    await using folder = await createFolder()
    await using pool = createPool(localBackend(folder.file('vault')), 2)
    expect(pool.unlock(key, 0)).toHaveLength(2)
  })
})
