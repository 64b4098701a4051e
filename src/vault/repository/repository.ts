// An open restic repository: its index in memory, blobs read and written, packs made durable in the right order.
// It knows trees and blobs, not disks or restore points.
// R1: a blob is placed in memory only after its pack and then its index are durable. R2: after a failed write nothing is written any more.
// R3: nothing is relied on that was pruned meanwhile: where index files are gone, all are read again. R4: who judges the vault, or removes
// something of it, goes by what its files say, never by a cache.
import type { Backend } from '../backend.ts'
import { blobMissing, fileDamaged, isDamage, treeInvalid, writeFailed } from '../codes.ts'
import {
  type BlobIndex,
  type BlobType,
  createBlobIndex,
  createPacker,
  decodeTree,
  encodeTree,
  ID_BYTES,
  type Node,
  openBlob,
  packIndexed,
  readIndex,
  release,
  type SealKey,
  type Snapshot,
  sha256,
  type WrittenPack,
  writeIndex,
} from '../format/index.ts'
import type { Work, WorkerPool } from '../workers/index.ts'
import type { IndexCache } from './index-cache.ts'
import type { SnapshotCache } from './snapshot-cache.ts'

export interface Repository extends AsyncDisposable {
  readonly backend: Backend
  readonly key: SealKey
  readonly data: BlobIndex
  readonly trees: BlobIndex
  /** Snapshot files that were read, by name: what they hold never changes. */
  readonly snapshots: Map<string, Snapshot>
  readonly cache?: SnapshotCache
  /** Started on first use: more of them for more bytes. */
  workers(bytes: number): readonly Work[]
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
  /** The same, and reads anew what came from a cache. */
  reread(): Promise<void>
}

/** What is on this machine only; all of it may be absent. */
export interface Caches {
  readonly snapshots?: SnapshotCache
  readonly indexes?: IndexCache
}

export interface SavedBlob {
  readonly id: Buffer
  /** None when the vault had it. */
  readonly storedBytes: number
}

/** What the index files that were read so far say. */
interface Tables {
  readonly data: BlobIndex
  readonly trees: BlobIndex
  readonly packIds: string[]
  /** Names of the index files, readable or not. */
  readonly files: Set<string>
  readonly damage: Error[]
  fromCache: boolean
}

const emptyTables = (): Tables => ({
  data: createBlobIndex(),
  trees: createBlobIndex(),
  packIds: [],
  files: new Set(),
  damage: [],
  fromCache: false,
})

function place({ data, trees, packIds }: Tables, pack: WrittenPack): void {
  const number = packIds.push(pack.id) - 1
  const index = pack.type === 'data' ? data : trees
  const ids = Buffer.from(pack.ids.buffer, pack.ids.byteOffset, pack.ids.byteLength)
  for (let i = 0; i * ID_BYTES < ids.length; i += 1) {
    const [offsetBytes = 0, lengthBytes = 0, rawBytes = 0] = pack.places.subarray(3 * i, 3 * i + 3)
    index.place(ids, i * ID_BYTES, { pack: number, offsetBytes, lengthBytes, rawBytes })
  }
}

/** Index files read at once. */
const INDEX_LANES = 8
/** Index files are handed to the cache so many at a time. */
const CACHED_AT_ONCE = 256

/** Reads nothing yet, and ends the pool with itself: `refresh` loads the index, before whatever needs it. */
export function openRepository(backend: Backend, key: SealKey, pool: WorkerPool, caches: Caches = {}): Repository {
  let tables = emptyTables()
  const treePacker = createPacker(backend, key, 'tree')
  const dataPacker = createPacker(backend, key, 'data')
  let workers: readonly Work[] = []
  let broken: Error | undefined
  let handles = 0
  let syncing: Promise<void> = Promise.resolve()
  let refreshing: Promise<void> = Promise.resolve()

  const indexOf = (type: BlobType): BlobIndex => (type === 'data' ? tables.data : tables.trees)

  /** One at a time: who comes while the index is being read would else go on without it. */
  function refresh(cache: IndexCache | undefined): Promise<void> {
    const next = refreshing.then(() => readIndexes(cache))
    refreshing = next.catch(() => {})
    return next
  }

  async function readIndexes(cache: IndexCache | undefined): Promise<void> {
    const names = new Set(await backend.names('index'))
    const isObsolete = [...tables.files].some((name) => !names.has(name)) || (tables.fromCache && !cache)
    const into = isObsolete ? emptyTables() : tables
    if (cache && into.files.size === 0) await loadCached(into, names, cache)
    await readNew(into, names, cache)
    // Only now: whoever reads blobs meanwhile finds all that was known before.
    tables = into
  }

  async function loadCached(into: Tables, names: ReadonlySet<string>, cache: IndexCache): Promise<void> {
    for await (const found of cache.load(names)) {
      for (const [name, packs] of found) {
        if (into.files.has(name)) continue
        into.files.add(name)
        into.fromCache = true
        for (const pack of packs) place(into, pack)
      }
    }
  }

  async function readNew(into: Tables, names: ReadonlySet<string>, cache: IndexCache | undefined): Promise<void> {
    const queue = [...names].filter((name) => !into.files.has(name)).values()
    let fresh = new Map<string, readonly WrittenPack[]>()
    async function keep(least: number): Promise<void> {
      if (fresh.size < least) return
      const kept = fresh
      fresh = new Map()
      await cache?.add(kept)
    }
    async function lane(): Promise<void> {
      for (const name of queue) {
        try {
          const packs = (await readIndex(backend, key, name)).flatMap(packIndexed)
          for (const pack of packs) place(into, pack)
          if (cache) fresh.set(name, packs)
        } catch (error) {
          if (!isDamage(error)) throw error
          into.damage.push(error)
        }
        into.files.add(name)
        await keep(CACHED_AT_ONCE)
      }
    }
    const lanes = await Promise.allSettled(Array.from({ length: INDEX_LANES }, lane))
    const failed = lanes.find((each) => each.status === 'rejected')
    if (failed) throw failed.reason
    await keep(1)
  }

  async function readBlob(type: BlobType, id: Buffer): Promise<Buffer> {
    const place = id.length === ID_BYTES ? indexOf(type).locate(id) : undefined
    if (!place) throw blobMissing(type, id.toString('hex'))
    const packId = tables.packIds[place.pack] ?? ''
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
    const flushes = [dataPacker.flush(), treePacker.flush(), ...workers.map((work) => work.flush())]
    const packs = (await guard(Promise.all(flushes))).flat()
    const names = await guard(writeIndex(backend, key, packs))
    for (const name of names) tables.files.add(name)
    for (const pack of packs) place(tables, pack)
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
    get data() {
      return tables.data
    },
    get trees() {
      return tables.trees
    },
    snapshots: new Map(),
    ...(caches.snapshots ? { cache: caches.snapshots } : {}),
    get damage() {
      return tables.damage
    },
    newHandle: () => {
      handles += 1
      return handles
    },
    workers: (bytes) => {
      workers = pool.unlock(key, bytes)
      return workers
    },
    packId: (pack) => tables.packIds[pack] ?? '',
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
    refresh: () => refresh(caches.indexes),
    reread: () => refresh(undefined),
    async [Symbol.asyncDispose]() {
      await Promise.all([dataPacker.drop(), treePacker.drop(), pool[Symbol.asyncDispose]()])
    },
  }
}
