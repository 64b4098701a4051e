// What the vault's tests share: folders that vanish, disks with known content, a point in one call.
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DiskAddress, Extent } from '../../src/blocks/index.ts'
import { Secret } from '../../src/values/index.ts'
import {
  initVault,
  type NewPoint,
  openVault,
  type PointSummary,
  type StoredDisk,
  type Vault,
  type VaultOptions,
} from '../../src/vault/index.ts'

export const PASSWORD = new Secret('correct horse')
export const MiB = 1024 ** 2
/** Four chunks a segment, so that small disks have several. */
export const SMALL = { chunkBytes: MiB, segmentBytes: 4 * MiB }

/** A folder for one test; `await using` removes it. */
export async function createFolder(): Promise<AsyncDisposable & { readonly path: string; file(name: string): string }> {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-vault-'))
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}

/** Bytes that only depend on the seed. */
export function noise(seed: number, lengthBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(lengthBytes)
  let state = (seed * 2_654_435_761 + 1) >>> 0
  for (let at = 0; at < lengthBytes; at += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[at] = state & 0xff
  }
  return bytes
}

export async function writeDisk(path: string, content: Buffer): Promise<DiskAddress> {
  const file = await open(path, 'w')
  await file.writeFile(content)
  await file.close()
  return { kind: 'file', path }
}

export const whole = (sizeBytes: number, kind: Extent['kind'] = 'data'): readonly Extent[] => [
  { offsetBytes: 0, lengthBytes: sizeBytes, kind },
]

/** A vault in `folder/vault`, worked on in this thread. */
export async function createVault(folder: string, options: VaultOptions = {}): Promise<Vault> {
  const directory = join(folder, 'vault')
  await initVault(directory, PASSWORD, options)
  return await openVault(directory, PASSWORD, { threads: 0, geometry: SMALL, ...options })
}

/** The point of a VM with these stored disks. */
export const pointOf = (run: string, disks: Readonly<Record<string, StoredDisk>>, more: Partial<NewPoint> = {}): NewPoint => ({
  run,
  vm: 'vm-1',
  name: 'erp-db',
  platform: { pack: 'test' },
  level: 'full',
  consistency: 'crash',
  config: { cpus: 2 },
  disks: Object.entries(disks).map(([disk, { treeId, sizeBytes }]) => ({ disk, treeId, sizeBytes })),
  ...more,
})

/** Stores one disk whole and commits it. */
export async function backUp(
  vault: Vault,
  run: string,
  source: DiskAddress,
  sizeBytes: number,
  more: Partial<NewPoint> = {},
): Promise<PointSummary> {
  const stored = await vault.storeDisk({ disk: 'ide0', sizeBytes, source, map: whole(sizeBytes) })
  return await vault.commitPoint(pointOf(run, { ide0: stored }, more))
}

/** All bytes of a disk of a point. */
export async function readBack(vault: Vault, pointId: string, disk = 'ide0'): Promise<Buffer> {
  await using source = await vault.openDisk(pointId, disk)
  const content = Buffer.allocUnsafe(source.sizeBytes)
  await source.read(0, content)
  return content
}
