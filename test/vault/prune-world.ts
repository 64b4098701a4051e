// What the tests of forget and prune share: points that have chunks in common, in storage that can be copied.
import { expect } from 'vitest'
import { type Backend, initBackend, memoryBackend, openBackend, type PointSummary, type Vault } from '../../src/vault/index.ts'
import { createFolder, noise, PASSWORD, pointOf, readBack, whole, writeDisk } from './world.ts'

export const CHUNK = 4096
const GEOMETRY = { chunkBytes: CHUNK, segmentBytes: 8 * CHUNK }
const DAY_MS = 86_400_000

export const open = (backend: Backend, now?: () => number): Promise<Vault> =>
  openBackend(backend, PASSWORD, { threads: 0, geometry: GEOMETRY, ...(now ? { now } : {}) })

export async function createStorage(): Promise<Backend> {
  const backend = memoryBackend()
  await initBackend(backend, PASSWORD, { keyCost: 1024 })
  return backend
}

export interface Stored {
  readonly point: PointSummary
  readonly content: Buffer
}

/** A point a disk, each of chunks chosen from a few: what several share is stored once. */
export async function storePoints(
  backend: Backend,
  disks: readonly (readonly number[])[],
  vm = 'vm-1',
): Promise<readonly Stored[]> {
  await using folder = await createFolder()
  const stored: Stored[] = []
  for (const [n, seeds] of disks.entries()) {
    // A vault of its own for each point, so that each has packs of its own.
    await using vault = await open(backend, () => Date.parse('2026-11-01T12:00:00Z') + n * DAY_MS)
    const content = Buffer.concat(seeds.map((seed) => noise(seed, CHUNK)))
    const source = await writeDisk(folder.file('disk'), content)
    const ide0 = await vault.storeDisk({ disk: 'ide0', sizeBytes: content.length, source, map: whole(content.length) })
    stored.push({ point: await vault.commitPoint(pointOf(`run-${n}`, { ide0 }, { vm })), content })
  }
  return stored
}

export async function expectWhole(backend: Backend, expected: readonly Stored[]): Promise<void> {
  await using vault = await open(backend)
  expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
  const ids = (await vault.points()).map(({ id }) => id)
  for (const { point, content } of expected) {
    expect(ids).toContain(point.id)
    expect((await readBack(vault, point.id)).equals(content)).toBe(true)
  }
}

export const DISKS = [
  [1, 2, 3, 4],
  [1, 2, 3, 5],
  [6, 7, 8, 4],
  [9, 1, 9, 5],
] as const
