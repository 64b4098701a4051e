// An open restic repository: its index in memory, blobs read and written, packs made durable in the right order.
// It knows trees and blobs, not disks or restore points.
// R1: a blob is placed in memory only after its pack and then its index are durable. R2: after a failed write nothing is written any more.
// R3: nothing is relied on that was pruned meanwhile: where index files are gone, all are read again.
import type { Backend } from './backend.ts'
import { type BlobIndex, createBlobIndex } from './blob-index.ts'
import { type BlobType, ID_BYTES, openBlob } from './blobs.ts'
import { blobMissing, fileDamaged, treeInvalid, writeFailed } from './codes.ts'
import { type SealKey, sha256 } from './crypto.ts'
import { type IndexedPack, readIndex, writeIndex } from './index-files.ts'
import { createPacker, type WrittenPack } from './pack.ts'
import { release } from './release.ts'
import type { SnapshotCache } from './snapshot-cache.ts'
import type { Snapshot } from './snapshots.ts'
import { decodeTree, encodeTree, type Node } from './tree.ts'
import type { Work } from './work.ts'
import { createPool, type WorkerPool } from './worker-pool.ts'

export interface Repository extends AsyncDisposable {
  readonly backend: Backend
  readonly key: SealKey
  readonly data: BlobIndex
  readonly trees: BlobIndex
  /** Snapshot files that were read, by name: what they hold never changes. */
  readonly snapshots: Map<string, Snapshot>
  readonly cache?: SnapshotCache
  /** Started on first use. */
  workers(): readonly Work[]
  packId(pack: number): string
  /** Damage of index files met so far. The rest of the vault stays usable. */
  readonly damage: readonly Error[]
  /** A number under which workers keep a disk open. */
  newHandle(): number
  readData(id: Buffer): Promise<Buffer>
  readTree(id: string): Promise<readonly Node[]>
  /** Stores it unless the vault has it; answers the id and the bytes it takes. Durable after `sync`. */
  save(type: BlobType, plain: Buffer): Promise<SavedBlob>
  saveData(plain: Buffer): Promise<Buffer>
  saveTree(nodes: Parameters<typeof encodeTree>[0]): Promise<string>
  /** Makes everything stored so far durable and findable: packs, then index. */
  sync(): Promise<void>
  /** Looks for index files that others wrote or removed since. */
  refresh(): Promise<void>
}

export interface SavedBlob {
  readonly id: Buffer
  /** None when the vault had it. */
  readonly storedBytes: number
}

/** Reads nothing yet: `refresh` loads the index, before whatever needs it. */
export function openRepository(backend: Backend, key: SealKey, threads?: number, cache?: SnapshotCache): Repository {
  const data = createBlobIndex()
  const trees = createBlobIndex()
  const packIds: string[] = []
  const indexFiles = new Set<string>()
  const damage: Error[] = []
  const treePacker = createPacker(backend, key, 'tree')
  const dataPacker = createPacker(backend, key, 'data')
  let pool: WorkerPool | undefined
  let broken: Error | undefined
  let handles = 0
  let syncing: Promise<void> = Promise.resolve()
  let refreshing: Promise<void> = Promise.resolve()

  const indexOf = (type: BlobType): BlobIndex => (type === 'data' ? data : trees)

  function learn(pack: IndexedPack): void {
    const number = packIds.push(pack.id) - 1
    for (const blob of pack.blobs) indexOf(blob.type).place(Buffer.from(blob.id, 'hex'), 0, { pack: number, ...blob })
  }

  function place(pack: WrittenPack): void {
    const number = packIds.push(pack.id) - 1
    const ids = Buffer.from(pack.ids.buffer, pack.ids.byteOffset, pack.ids.byteLength)
    for (let i = 0; i * ID_BYTES < ids.length; i += 1) {
      const [offsetBytes = 0, lengthBytes = 0, rawBytes = 0] = pack.places.subarray(3 * i, 3 * i + 3)
      indexOf(pack.type).place(ids, i * ID_BYTES, { pack: number, offsetBytes, lengthBytes, rawBytes })
    }
  }

  function forget(): void {
    data.clear()
    trees.clear()
    packIds.length = 0
    indexFiles.clear()
    damage.length = 0
  }

  /** One at a time: who comes while the index is being read would else go on without it. */
  function refresh(): Promise<void> {
    const next = refreshing.then(readIndexes)
    refreshing = next.catch(() => {})
    return next
  }

  async function readIndexes(): Promise<void> {
    const names = new Set(await backend.names('index'))
    if ([...indexFiles].some((name) => !names.has(name))) forget()
    for (const name of names) {
      if (indexFiles.has(name)) continue
      indexFiles.add(name)
      try {
        for (const pack of await readIndex(backend, key, name)) learn(pack)
      } catch (error) {
        damage.push(error as Error)
      }
    }
  }

  async function readBlob(type: BlobType, id: Buffer): Promise<Buffer> {
    const place = id.length === ID_BYTES ? indexOf(type).locate(id) : undefined
    if (!place) throw blobMissing(type, id.toString('hex'))
    const packId = packIds[place.pack] ?? ''
    const sealed = await backend.read('pack', packId, place)
    const plain = openBlob(key, sealed, place.rawBytes, id)
    release(sealed)
    if (typeof plain === 'string') throw fileDamaged('pack', packId, `${type} blob ${id.toString('hex', 0, 5)} is ${plain}`)
    return plain
  }

  async function save(type: BlobType, plain: Buffer): Promise<SavedBlob> {
    if (broken) throw broken
    const id = sha256(plain)
    const isNew = indexOf(type).claim(id, 0)
    return { id, storedBytes: isNew ? await guard((type === 'tree' ? treePacker : dataPacker).add(id, plain)) : 0 }
  }

  async function writeAll(): Promise<void> {
    if (broken) throw broken
    const flushes = [dataPacker.flush(), treePacker.flush(), ...(pool?.workers.map((work) => work.flush()) ?? [])]
    const packs = (await guard(Promise.all(flushes))).flat()
    for (const name of await guard(writeIndex(backend, key, packs))) indexFiles.add(name)
    packs.forEach(place)
  }

  async function guard<T>(write: Promise<T>): Promise<T> {
    try {
      return await write
    } catch (cause) {
      broken ??= writeFailed(cause)
      throw broken
    }
  }

  return {
    backend,
    key,
    data,
    trees,
    snapshots: new Map(),
    ...(cache ? { cache } : {}),
    damage,
    newHandle: () => {
      handles += 1
      return handles
    },
    workers: () => {
      pool ??= createPool(backend, key, threads)
      return pool.workers
    },
    packId: (pack) => packIds[pack] ?? '',
    readData: (id) => readBlob('data', id),
    async readTree(id) {
      const plain = await readBlob('tree', Buffer.from(id, 'hex'))
      const nodes = decodeTree(plain)
      release(plain)
      if (!nodes) throw treeInvalid(id, 'is no tree')
      return nodes
    },
    save,
    saveData: async (plain) => (await save('data', plain)).id,
    async saveTree(nodes) {
      const tree = encodeTree(nodes)
      const { id } = await save('tree', tree)
      release(tree)
      return id.toString('hex')
    },
    sync() {
      // One at a time: a flush may carry another caller's blobs, whose index must be durable before that caller goes on.
      const next = syncing.then(writeAll)
      syncing = next.catch(() => {})
      return next
    },
    refresh,
    async [Symbol.asyncDispose]() {
      await pool?.[Symbol.asyncDispose]()
    },
  }
}
