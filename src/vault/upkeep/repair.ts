// Drops what is broken in a vault and keeps the rest: saves the good blobs of damaged packs, rebuilds the index, and, where that is
// asked for, removes points that cannot be restored whole. It needs config and a key.
// RP1: nothing that can be read is lost, whatever repair dies at: a pack goes only when its good blobs are durable and indexed elsewhere.
import {
  type IndexedPack,
  openBlob,
  type Packers,
  packBytes,
  readHeader,
  readIndex,
  readSnapshot,
  release,
  sha256,
  snapshotNames,
  unlessDamaged,
  withPackers,
} from '../format/index.ts'
import type { Repository } from '../repository/index.ts'
import type { Alone } from './remove-each.ts'
import { replaceIndex } from './replace-index.ts'
import { type DamagedPoint, verifyVault } from './verify.ts'

export interface RepairRequest {
  /** Also remove points, and snapshots of other programs, that cannot be restored whole. Without it they are only told. */
  readonly dropPoints: boolean
  /** Says what is broken, and changes nothing. */
  readonly dryRun: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: { readonly doneBytes: number; readonly totalBytes: number }) => void
}

export interface Repaired {
  /** Index files that could not be read, or that listed packs which are not there as they should be. */
  readonly indexFilesReplaced: number
  /** Packs that no readable index listed. */
  readonly packsIndexed: number
  readonly packsDropped: number
  readonly blobsSaved: number
  /** Of dropped packs; what is needed of them is lost. */
  readonly blobsLost: number
  /** Snapshot files that cannot be read. */
  readonly unreadableSnapshots: readonly string[]
  /** Points that cannot be restored whole, after the repair. */
  readonly damagedPoints: readonly DamagedPoint[]
  readonly pointsDropped: number
}

/** The caller holds the exclusive lock. */
export async function repairVault(repository: Repository, request: RepairRequest & Alone): Promise<Repaired> {
  const { backend } = repository
  const { dryRun, dropPoints, signal } = request
  const listed = await readAllIndexes(repository)
  const inspected = await inspectPacks(repository, listed.packs, request)
  const missing = [...listed.packs.keys()].filter((id) => !inspected.present.has(id))
  const going = new Set([...missing, ...inspected.broken])
  const replaced = listed.unreadable + listed.files.filter((packs) => packs.some((id) => going.has(id))).length
  if (!dryRun && (going.size > 0 || listed.unreadable > 0 || inspected.unlisted.length > 0)) {
    const { refused } = await replaceIndex(repository, going, [...inspected.unlisted, ...inspected.saved], request)
    if (refused[0]) throw refused[0].error
    signal?.throwIfAborted()
    await request.assertThere()
    for (const id of inspected.broken) {
      request.assertHeld()
      await backend.remove('pack', id)
    }
    await repository.refresh()
  }
  // Everything that is left was just read: what is missing shows in the index.
  const { damagedPoints } = await verifyVault(repository, { data: false, ...(signal ? { signal } : {}) })
  const unreadableSnapshots = await findUnreadable(repository)
  const dropped = dropPoints && !dryRun ? [...unreadableSnapshots, ...damagedPoints.map(({ id }) => id)] : []
  for (const id of dropped) await backend.remove('snapshot', id)
  return {
    indexFilesReplaced: replaced,
    packsIndexed: inspected.unlisted.length,
    packsDropped: inspected.broken.length,
    blobsSaved: inspected.blobsSaved,
    blobsLost: inspected.blobsLost,
    unreadableSnapshots,
    damagedPoints,
    pointsDropped: dropped.length,
  }
}

async function readAllIndexes({ backend, key }: Repository) {
  const packs = new Map<string, IndexedPack>()
  const files: (readonly string[])[] = []
  let unreadable = 0
  for (const name of await backend.names('index')) {
    const found = await unlessDamaged(readIndex(backend, key, name))
    if (!found) unreadable += 1
    else files.push(found.map(({ id }) => id))
    for (const pack of found ?? []) packs.set(pack.id, pack)
  }
  return { packs, files, unreadable }
}

/** Reads every pack; blobs of damaged ones that are whole are written into new packs, durable when resolved. */
async function inspectPacks(repository: Repository, listed: ReadonlyMap<string, IndexedPack>, request: RepairRequest) {
  const { backend, key } = repository
  const files = await backend.list('pack')
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const unlisted: IndexedPack[] = []
  const broken: string[] = []
  let [doneBytes, blobsSaved, blobsLost] = [0, 0, 0]

  async function inspect(id: string, packers: Packers): Promise<void> {
    const content = await backend.read('pack', id)
    const known = listed.get(id)
    const header = readHeader(key, content)?.map((blob) => ({ ...blob, id: blob.id.toString('hex') }))
    if (header && sha256(content).toString('hex') === id && packBytes(header) === content.length) {
      if (!known) unlisted.push({ id, blobs: header })
    } else {
      broken.push(id)
      await save(content, known?.blobs ?? header ?? [], packers)
    }
    release(content)
  }

  async function save(content: Buffer, blobs: IndexedPack['blobs'], packers: Packers): Promise<void> {
    for (const blob of blobs) {
      const id = Buffer.from(blob.id, 'hex')
      const plain = openBlob(key, content.subarray(blob.offsetBytes, blob.offsetBytes + blob.lengthBytes), blob.rawBytes, id)
      if (typeof plain === 'string') blobsLost += 1
      else blobsSaved += 1
      if (typeof plain !== 'string' && !request.dryRun) await packers[blob.type].add(id, plain)
    }
  }

  const saved = await withPackers(backend, key, async (packers) => {
    for (const { name, sizeBytes } of files) {
      request.signal?.throwIfAborted()
      await inspect(name, packers)
      doneBytes += sizeBytes
      request.onProgress?.({ doneBytes, totalBytes })
    }
  })
  return { present: new Set(files.map(({ name }) => name)), unlisted, broken, saved, blobsSaved, blobsLost }
}

async function findUnreadable({ backend, key }: Repository): Promise<readonly string[]> {
  const unreadable: string[] = []
  for (const name of await snapshotNames(backend)) {
    if (!(await unlessDamaged(readSnapshot(backend, key, name)))) unreadable.push(name)
  }
  return unreadable
}
