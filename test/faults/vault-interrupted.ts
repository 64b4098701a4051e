// An incremental backup into a prepared vault that stops before a chosen step which changes the disk. Also a program, which then kills itself.
import { cp, open, readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Extent } from '../../src/blocks/index.ts'
import { initVault, localBackend, openBackend, type PointSummary, type Vault, type WriteStep } from '../../src/vault/index.ts'
import { backUp, noise, PASSWORD, pointOf, writeDisk } from '../vault/world.ts'

const CHUNK = 65_536
const GEOMETRY = { chunkBytes: CHUNK, segmentBytes: 4 * CHUNK }

export const BEFORE = noise(1, 6 * CHUNK)
export const AFTER = Buffer.concat([noise(1, 2 * CHUNK), noise(2, CHUNK), noise(1, 6 * CHUNK).subarray(3 * CHUNK)])
const MAP: readonly Extent[] = [
  { offsetBytes: 0, lengthBytes: 2 * CHUNK, kind: 'unchanged' },
  { offsetBytes: 2 * CHUNK, lengthBytes: CHUNK, kind: 'data' },
  { offsetBytes: 3 * CHUNK, lengthBytes: 3 * CHUNK, kind: 'unchanged' },
]

export interface Step {
  readonly step: WriteStep
  readonly path: string
}

/** A vault with one point, and the disk as it is for the next. */
export async function prepare(folder: string): Promise<{ readonly template: string; readonly first: PointSummary }> {
  const template = join(folder, 'template')
  // The vault is opened some hundred times, and its password guards nothing.
  await initVault(template, PASSWORD, { keyCost: 1024 })
  const vault = await openBackend(localBackend(template), PASSWORD, { threads: 0, geometry: GEOMETRY })
  const first = await backUp(vault, 'run-1', await writeDisk(join(folder, 'before'), BEFORE), BEFORE.length)
  await vault.close()
  await writeDisk(join(folder, 'after'), AFTER)
  // A vault without its empty folders is copied ten times faster.
  for (const name of await readdir(join(template, 'data'))) await rmdir(join(template, 'data', name)).catch(() => {})
  return { template, first }
}

export const copyOf = (template: string, directory: string): Promise<void> => cp(template, directory, { recursive: true })

export async function openAt(directory: string, before?: (step: WriteStep, path: string) => void): Promise<Vault> {
  return await openBackend(localBackend(directory, before ? { before } : {}), PASSWORD, {
    threads: 0,
    geometry: GEOMETRY,
    checkpointBytes: CHUNK,
  })
}

/** The second backup. Repeating it ends in the same point. */
export async function backUpAgain(vault: Vault, folder: string, firstId: string): Promise<PointSummary> {
  const source = { kind: 'file', path: join(folder, 'after') } as const
  const base = { pointId: firstId, disk: 'ide0' }
  const stored = await vault.storeDisk({ disk: 'ide0', sizeBytes: AFTER.length, source, map: MAP, base })
  return await vault.commitPoint(pointOf('run-2', { ide0: stored }, { level: 'incremental', parent: firstId }))
}

/** What a power cut may leave of these steps: what was not synced is half there, what was renamed without syncing the folder is not. */
export async function losePower(steps: readonly Step[]): Promise<void> {
  const isLater = (at: number, step: WriteStep, path: string): boolean =>
    steps.slice(at + 1).some((one) => one.step === step && one.path === path)
  for (const [at, { step, path }] of steps.entries()) {
    if (step === 'rename' && !isLater(at, 'syncFolder', path)) await rm(path, { force: true })
    if (step === 'write' && !isLater(at, 'sync', path)) await cutInHalf(path)
  }
}

async function cutInHalf(path: string): Promise<void> {
  const file = await open(path, 'r+').catch(() => undefined)
  if (!file) return
  // Through the handle: whoever was writing when the power went may be taking the file away just now.
  await file.truncate(Math.floor((await file.stat()).size / 2))
  await file.close()
}

if (process.argv[1] === import.meta.filename) {
  const [, , directory = '', folder = '', firstId = '', fatal = ''] = process.argv
  let steps = 0
  const vault = await openAt(directory, () => {
    if (steps === Number(fatal)) process.kill(process.pid, 'SIGKILL')
    steps += 1
  })
  await backUpAgain(vault, folder, firstId)
  await vault.close()
  process.stdout.write(String(steps))
}
