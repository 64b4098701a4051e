// Packs grow in the vault's folder while they are filled. Whatever ends the writing, a reader sees whole packs only, and nothing is left beside them.
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { initVault, localBackend, openBackend, type WriteStep } from '../../src/vault/index.ts'
import { backUp, createFolder, MiB, noise, PASSWORD, SMALL, writeDisk } from './world.ts'

const DISK = noise(1, 24 * MiB)

/** A backup of 24 MiB of noise, two packs, that fails at a step of writing packs; answers the error, and what is left beside. */
async function backUpFailing(step: WriteStep, fatal: number): Promise<{ error: unknown; beside: readonly string[] }> {
  await using folder = await createFolder()
  const directory = folder.file('vault')
  await initVault(directory, PASSWORD, { keyCost: 1024 })
  await mkdir(join(directory, 'tmp'), { recursive: true })
  const source = await writeDisk(folder.file('disk'), DISK)
  let armed = false
  let steps = 0
  const backend = localBackend(directory, {
    before: (each) => {
      if (!armed || each !== step) return
      steps += 1
      if (steps > fatal) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    },
  })
  const vault = await openBackend(backend, PASSWORD, { threads: 0, geometry: SMALL })
  // The lock is there by the first progress: what fails from then on is packs.
  const signal = new AbortController().signal
  const onProgress = (): void => {
    armed = true
  }
  const error: unknown = await vault
    .storeDisk({
      disk: 'ide0',
      sizeBytes: DISK.length,
      source,
      map: [{ offsetBytes: 0, lengthBytes: DISK.length, kind: 'data' }],
      signal,
      onProgress,
    })
    .catch((cause: unknown) => cause)
  armed = false
  await vault.close()
  return { error, beside: await readdir(join(directory, 'tmp')) }
}

test.each<readonly [WriteStep, number]>([
  ['write', 0],
  ['write', 1],
  ['write', 5],
  ['sync', 0],
  ['sync', 1],
  ['rename', 0],
])('P7: a %s that fails after %i others leaves no part of a pack', async (step, fatal) => {
  const { error, beside } = await backUpFailing(step, fatal)
  expect(error).toMatchObject({ code: 'VAULT_WRITE_FAILED' })
  expect(beside).toEqual([])
})

test('P7: packs that grew are whole when the point is there', async () => {
  await using folder = await createFolder()
  await initVault(folder.file('vault'), PASSWORD, { keyCost: 1024 })
  const vault = await openBackend(localBackend(folder.file('vault')), PASSWORD, { threads: 0, geometry: SMALL })
  await backUp(vault, 'run-1', await writeDisk(folder.file('disk'), DISK), DISK.length)
  expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [], unusedPacks: 0 })
  expect(await readdir(join(folder.file('vault'), 'tmp'))).toEqual([])
  await vault.close()
})
