// Several processes in one vault at once, ours and restic's: both are served, or one is told that it has to wait.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { initVault, localBackend } from '../../src/vault/index.ts'
import { describeRestics, expectNoErrors } from '../peers/restic.ts'
import { CHUNK, DISKS, expectWhole, storePoints } from '../vault/prune-world.ts'
import { createFolder, noise, PASSWORD, readBack, writeDisk } from '../vault/world.ts'
import { openHere } from './vault-child.ts'

const PROGRAM = join(import.meta.dirname, 'vault-child.ts')
const POINTS = 3

/** It is up when this resolves; `goOn` ends its input. */
async function start(...args: readonly string[]) {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  await once(child.stdout, 'data')
  return {
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
    goOn: async () => {
      child.stdin.end()
      expect(await ended).toEqual([0, null])
    },
  }
}

test('prune waits for nobody: it is refused while another process has a lock, and works at once when that was killed', async () => {
  await using folder = await createFolder()
  const directory = folder.file('vault')
  await initVault(directory, PASSWORD, { keyCost: 1024 })
  const stored = await storePoints(localBackend(directory), DISKS)
  const holder = await start('hold', directory)
  await using vault = await openHere(directory)
  for (const alone of [
    () => vault.prune({ dryRun: false }),
    () => vault.forget({ rules: { last: 1 }, dryRun: false }),
    () => vault.repair({ dropPoints: false, dryRun: false }),
  ])
    await expect(alone()).rejects.toMatchObject({ code: 'VAULT_LOCKED', message: expect.stringContaining('process') })
  await holder.kill()
  await vault.prune({ dryRun: false })
  await expectWhole(localBackend(directory), stored)
})

test('two writers at once store the same chunks, and the points of both are whole', { timeout: 3_600_000 }, async () => {
  await using folder = await createFolder()
  const directory = folder.file('vault')
  await initVault(directory, PASSWORD, { keyCost: 1024 })
  const common = noise(1, 40 * CHUNK)
  const contents = [2, 3].map((seed) => Buffer.concat([common, noise(seed, 20 * CHUNK)]))
  const writers = await Promise.all(
    contents.map(async (content, n) => {
      await writeDisk(folder.file(`disk-${n}`), content)
      return await start('write', directory, `vm-${n}`, folder.file(`disk-${n}`), String(content.length), String(POINTS))
    }),
  )
  await Promise.all(writers.map((writer) => writer.goOn()))
  await using vault = await openHere(directory)
  expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [], unusedPacks: 0 })
  for (const [n, content] of contents.entries()) {
    const points = await vault.points({ vm: `vm-${n}` })
    expect(points).toHaveLength(POINTS)
    for (const { id } of points) expect((await readBack(vault, id)).equals(content)).toBe(true)
  }
  // What both stored, because neither knew of the other, is there once after a prune.
  await vault.prune({ dryRun: false, maxUnused: 0 })
  expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
})

describeRestics(' beside Holdfast', { timeout: 3_600_000 }, (restic) => {
  test('a backup of ours and one of restic at once are both whole, and restic finds no error', async () => {
    await using folder = await createFolder()
    const directory = folder.file('vault')
    await initVault(directory, PASSWORD, { keyCost: 1024 })
    const content = noise(1, 60 * CHUNK)
    await writeDisk(folder.file('disk'), content)
    await mkdir(folder.file('files'))
    for (let n = 0; n < 20; n += 1) await writeFile(folder.file(`files/${n}`), noise(n, 30_000))
    const ours = await start('write', directory, 'vm-1', folder.file('disk'), String(content.length), String(POINTS))
    const theirs = Array.from({ length: 2 }, () => restic.call(directory, 'backup', '--force', folder.file('files')))
    await Promise.all([ours.goOn(), ...theirs])
    await expectNoErrors(restic, directory)
    await using vault = await openHere(directory)
    expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
    expect(await vault.snapshots()).toHaveLength(POINTS + theirs.length)
    for (const { id } of await vault.points()) expect((await readBack(vault, id)).equals(content)).toBe(true)

    // While one of ours reads, restic's prune is refused as ours is.
    const holder = await start('hold', directory)
    await expect(restic.call(directory, 'prune')).rejects.toThrow(/locked/)
    await holder.goOn()
    await restic.call(directory, 'prune', '--max-unused', '0')
    await expectNoErrors(restic, directory)
    for (const { id } of await vault.points()) expect((await readBack(vault, id)).equals(content)).toBe(true)
  })
})
