// Threads that load their code while the password is still tried.
import { Worker } from 'node:worker_threads'
import { afterEach, expect, test, vi } from 'vitest'
import { Secret } from '../../src/values/index.ts'
import { initVault, openVault } from '../../src/vault/index.ts'
import { backUp, createFolder, MiB, noise, PASSWORD, SMALL, writeDisk } from './world.ts'

afterEach(() => vi.restoreAllMocks())

test('do the work once the key is found', async () => {
  await using folder = await createFolder()
  await initVault(folder.file('vault'), PASSWORD, { keyCost: 1024 })
  await using vault = await openVault(folder.file('vault'), PASSWORD, { threads: 2, toWork: true, geometry: SMALL })
  await backUp(vault, 'run-1', await writeDisk(folder.file('disk'), noise(3, 6 * MiB)), 6 * MiB)
  expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
})

test('are gone when the password is wrong', async () => {
  await using folder = await createFolder()
  await initVault(folder.file('vault'), PASSWORD, { keyCost: 1024 })
  const told = vi.spyOn(Worker.prototype, 'postMessage')
  await expect(
    openVault(folder.file('vault'), new Secret('wrong'), { threads: 2, toWork: true, geometry: SMALL }),
  ).rejects.toMatchObject({ code: 'VAULT_PASSWORD_WRONG' })
  const threads = new Set<Worker>(told.mock.contexts as Worker[])
  expect(threads.size).toBe(2)
  for (const thread of threads) expect(thread.threadId).toBe(-1)
})
