// P7: forget and prune, killed as processes are killed, leave every point that is kept whole.
import { execFile } from 'node:child_process'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { initVault, localBackend } from '../../src/vault/index.ts'
import { DISKS, expectWhole, type Stored, storePoints } from '../vault/prune-world.ts'
import { createFolder, PASSWORD } from '../vault/world.ts'
import { byEffort } from './kill/kill.ts'
import { openHere, removeOld } from './vault-child.ts'
import { losePower, type Step } from './vault-interrupted.ts'

const run = promisify(execFile)
const PROGRAM = join(import.meta.dirname, 'vault-child.ts')
const STRIDE = byEffort({ desk: 7, ci: 1 })

async function prepare(template: string): Promise<readonly Stored[]> {
  await initVault(template, PASSWORD, { keyCost: 1024 })
  return (await storePoints(localBackend(template), DISKS)).slice(2)
}

/** What was kept is whole; done again, the removal goes through, and nothing is left over. */
async function expectIntact(directory: string, kept: readonly Stored[]): Promise<void> {
  await expectWhole(localBackend(directory), kept)
  await using vault = await openHere(directory)
  // At once: the lock of the process that was killed does not count.
  await removeOld(vault)
  await expectWhole(localBackend(directory), kept)
  expect(await vault.points()).toHaveLength(kept.length)
  expect((await vault.verify({ data: false })).unusedPacks).toBe(0)
}

test('P7: kill -9 of forget and prune before steps that change the disk leaves what is kept whole, and they can be repeated at once', {
  timeout: 3_600_000,
}, async () => {
  await using folder = await createFolder()
  const template = folder.file('template')
  const kept = await prepare(template)
  const start = (directory: string, fatal: string) => run(process.execPath, [PROGRAM, 'remove', directory, fatal])
  await cp(template, folder.file('uncut'), { recursive: true })
  const steps = Number((await start(folder.file('uncut'), 'NaN')).stdout)
  expect(steps).toBeGreaterThan(30)
  let kills = 0
  for (let step = 0; step < steps; step += STRIDE) {
    const directory = folder.file(`killed-${step}`)
    await cp(template, directory, { recursive: true })
    await expect(start(directory, String(step))).rejects.toMatchObject({ signal: 'SIGKILL' })
    await expectIntact(directory, kept)
    kills += 1
  }
  console.info(`killed forget and prune at ${kills} of their ${steps} steps`)
})

test('P7: power loss before steps of forget and prune that change the disk leaves what is kept whole', {
  timeout: 3_600_000,
}, async () => {
  await using folder = await createFolder()
  const template = folder.file('template')
  const kept = await prepare(template)
  let cuts = 0
  for (let fatal = 0; ; fatal += STRIDE) {
    const directory = folder.file(`cut-${fatal}`)
    await cp(template, directory, { recursive: true })
    const steps: Step[] = []
    const vault = await openHere(directory, (step, path) => {
      if (steps.length === fatal) throw new Error('the power is gone')
      steps.push({ step, path })
    })
    const ended = await removeOld(vault).then(
      () => true,
      () => false,
    )
    await vault.close().catch(() => {})
    if (ended) break
    await losePower(steps)
    // This process is alive, so its locks are those of a process that lost its power only for us.
    await expectIntact(await withoutLocks(directory, folder.file(`left-${fatal}`)), kept)
    cuts += 1
  }
  expect(cuts).toBeGreaterThan(4)
  console.info(`cut the power at ${cuts} steps of forget and prune`)
})

async function withoutLocks(directory: string, copy: string): Promise<string> {
  await cp(directory, copy, { recursive: true, filter: (path) => !path.includes('/locks/') })
  return copy
}
