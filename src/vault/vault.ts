// A vault as its callers see it: restore points, and the disks in them.
import { randomBytes } from 'node:crypto'
import type { BlockSource } from '../blocks/index.ts'
import { isObject, type Secret } from '../values/index.ts'
import type { Backend } from './backend.ts'
import { backendAt, type VaultPlace } from './backends/index.ts'
import { diskUnknown, mapInvalid, vaultClosed, vaultExists, vaultNotFound, versionUnsupported } from './codes.ts'
import {
  GEOMETRY,
  type Geometry,
  openDiskMap,
  type RestoreDiskRequest,
  type RestoredDisk,
  readDisk,
  restoreDisk,
  type StoreDiskRequest,
  type StoredDisk,
  storeDisk,
} from './disks/index.ts'
import {
  type BackedUpFiles,
  type BackUpFilesRequest,
  backUpFiles,
  type ListedFile,
  listFiles,
  type RestoredFiles,
  type RestoreFilesRequest,
  restoreFiles,
} from './files/index.ts'
import {
  createKey,
  findKey,
  putConfig,
  randomPolynomial,
  readConfig,
  type SealKey,
  type Snapshot,
  takeLock,
  type VaultLock,
} from './format/index.ts'
import {
  type Attachment,
  commitPoint,
  diffPoints,
  findPoint,
  listPoints,
  listSnapshots,
  type NewPoint,
  type PointDisk,
  type PointKind,
  type PointSummary,
  type PointsDiff,
  type RestorePoint,
  readAttachment,
  storeAttachment,
} from './points/index.ts'
import { type Caches, indexCache, openRepository, snapshotCache } from './repository/index.ts'
import {
  createKeyRing,
  type ForgetRequest,
  type Forgotten,
  forgetPoints,
  type KeyRing,
  type Pruned,
  type PruneRequest,
  pruneVault,
  type Repaired,
  type RepairRequest,
  repairVault,
  type VaultStats,
  type VerifyReport,
  type VerifyRequest,
  vaultStats,
  verifyVault,
} from './upkeep/index.ts'

export interface VaultOptions {
  /** Worker threads; 0 works in this thread. Default: one per core, four at most. */
  readonly threads?: number
  /** Of disks stored from now on; points remember theirs. */
  readonly geometry?: Geometry
  /** How much of a disk is read between two checkpoints. */
  readonly checkpointBytes?: number
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  /** scrypt's N of a new key. Default: what takes about 100 ms; less is for vaults that hold nothing worth a guess. */
  readonly keyCost?: number
  /** Absolute: where lists of points and of chunks are kept, so that opening is quick. It may be deleted at any time. Default: nowhere. */
  readonly cacheFolder?: string
}

/** Every call may be made at any time and several at once. All throw VaultError for what is wrong with vault or request. */
export interface Vault extends AsyncDisposable {
  readonly where: string
  /** Index files that could not be read so far. They are looked at when something beyond a list of points is asked for. */
  readonly damage: readonly Error[]
  /** Newest first. */
  points(filter?: { readonly vm?: string; readonly kind?: PointKind; readonly limit?: number }): Promise<readonly PointSummary[]>
  /** By id, unambiguous prefix, or `latest` (of the VM and the kind, where they are named). */
  point(wanted: string, vm?: string, kind?: PointKind): Promise<RestorePoint>
  /** All snapshots, those of other programs too, newest first. */
  snapshots(): Promise<readonly Snapshot[]>
  storeDisk(request: StoreDiskRequest): Promise<StoredDisk>
  /** Stores a small file that belongs to a VM; a point names it. Durable when it answers. */
  storeAttachment(bytes: Uint8Array): Promise<Omit<Attachment, 'name'>>
  readAttachment(pointId: string, name: string): Promise<Uint8Array>
  commitPoint(point: NewPoint): Promise<PointSummary>
  /** The caller disposes of the source. */
  openDisk(pointId: string, disk: string): Promise<BlockSource>
  restoreDisk(request: RestoreDiskRequest): Promise<RestoredDisk>
  /** Stores folders and makes a point of them. */
  backUpFiles(request: BackUpFilesRequest): Promise<BackedUpFiles>
  restoreFiles(request: RestoreFilesRequest): Promise<RestoredFiles>
  /** What is in a folder of a point of files; its folders for an empty path. */
  listFiles(pointId: string, path: string): Promise<readonly ListedFile[]>
  verify(request: VerifyRequest): Promise<VerifyReport>
  /** Needs the vault for itself, as prune does: throws `VAULT_LOCKED` while anybody else uses it. */
  forget(request: ForgetRequest): Promise<Forgotten>
  prune(request: PruneRequest): Promise<Pruned>
  /** Needs the vault for itself too. */
  repair(request: RepairRequest): Promise<Repaired>
  diff(fromPointId: string, toPointId: string): Promise<PointsDiff>
  stats(): Promise<VaultStats>
  readonly keys: KeyRing
  close(): Promise<void>
}

const backendOf = (place: VaultPlace): Promise<Backend> =>
  backendAt(typeof place === 'string' ? { kind: 'local', directory: place } : place)

/** Creates an empty vault; throws `VAULT_EXISTS` when there is one. */
export async function initVault(place: VaultPlace, password: Secret, options: VaultOptions = {}): Promise<void> {
  const backend = await backendOf(place)
  try {
    if ((await backend.list('config')).length > 0) throw vaultExists(backend.where)
    await backend.prepare?.()
    await initBackend(backend, password, options)
  } finally {
    await backend.close?.()
  }
}

/** The same on any storage that is empty. The config comes last: without it there is no vault. */
export async function initBackend(
  backend: Backend,
  password: Secret,
  { now = Date.now, keyCost }: VaultOptions = {},
): Promise<void> {
  // One that an interrupted try left is used: with two keys of one password nobody could tell which is the config's.
  const isBegun = (await backend.names('key')).length > 0
  const key = isBegun ? await findKey(backend, password) : await createKey(backend, password, now(), keyCost)
  const config = { version: 2, id: randomBytes(32).toString('hex'), chunker_polynomial: randomPolynomial().toString(16) }
  await putConfig(backend, key, JSON.stringify(config))
}

/** Opens a vault, also one that restic made. The caller closes it. */
export async function openVault(place: VaultPlace, password: Secret, options: VaultOptions = {}): Promise<Vault> {
  const backend = await backendOf(place)
  try {
    return await openBackend(backend, password, options)
  } catch (error) {
    await backend.close?.()
    throw error
  }
}

/** Closing the vault closes the storage. */
export async function openBackend(backend: Backend, password: Secret, options: VaultOptions = {}): Promise<Vault> {
  if ((await backend.list('config')).length === 0) throw vaultNotFound(backend.where)
  const key = await findKey(backend, password)
  const config = await readConfig(backend, key)
  if (!isObject(config) || config.version !== 2) throw versionUnsupported(isObject(config) ? (config.version ?? null) : null)
  const { cacheFolder } = options
  const caches =
    cacheFolder === undefined || typeof config.id !== 'string'
      ? {}
      : { snapshots: snapshotCache(cacheFolder, config.id, key), indexes: indexCache(cacheFolder, config.id, key) }
  return createVault(backend, key, options, caches)
}

function createVault(backend: Backend, key: SealKey & { readonly id: string }, options: VaultOptions, caches: Caches): Vault {
  const { geometry = GEOMETRY, now = Date.now } = options
  const repository = openRepository(backend, key, options.threads, caches)
  // Whoever takes the lock learns what was written and pruned before; while it is held nothing is pruned.
  const lock = sharedLock(async () => {
    const taken = await takeLock(backend, key, false, now)
    try {
      await repository.refresh()
      return taken
    } catch (error) {
      await taken.release()
      throw error
    }
  })
  let closed = false

  /** Runs a call that needs the files to stay, under the one lock that all calls of this vault share; `lost` aborts when it no longer protects. */
  async function locked<T>(call: (lost: AbortSignal) => Promise<T>): Promise<T> {
    if (closed) throw vaultClosed()
    const { lost } = await lock.enter()
    try {
      return await call(lost)
    } finally {
      await lock.leave()
    }
  }

  /** The same, alone in the vault: nobody reads or writes meanwhile, not even another call of this one. */
  async function exclusively<T>(call: (lost: AbortSignal) => Promise<T>): Promise<T> {
    if (closed) throw vaultClosed()
    const taken = await takeLock(backend, key, true, now)
    try {
      return await call(taken.lost)
    } finally {
      await taken.release()
    }
  }

  async function close(): Promise<void> {
    closed = true
    try {
      await lock.drop()
      await repository[Symbol.asyncDispose]()
    } finally {
      await backend.close?.()
    }
  }

  async function findDisk(pointId: string, disk: string): Promise<PointDisk & { readonly geometry: Geometry }> {
    const point = await findPoint(repository, pointId)
    const found = point.disks.find((one) => one.disk === disk)
    if (!found)
      throw diskUnknown(
        point.id,
        disk,
        point.disks.map((one) => one.disk),
      )
    return { ...found, geometry: point.geometry }
  }

  return {
    where: backend.where,
    get damage() {
      return repository.damage
    },
    async points({ vm, kind, limit } = {}) {
      const points = (await listPoints(repository)).filter(
        (point) => (vm === undefined || point.vm === vm) && (kind === undefined || point.kind === kind),
      )
      return points.slice(0, limit)
    },
    point: (wanted, vm, kind) => findPoint(repository, wanted, vm, kind),
    snapshots: () => listSnapshots(repository),
    storeDisk: (request) =>
      locked(async (lost) => {
        const base = request.base && (await findDisk(request.base.pointId, request.base.disk))
        if (base && (base.geometry.chunkBytes !== geometry.chunkBytes || base.geometry.segmentBytes !== geometry.segmentBytes)) {
          throw mapInvalid(request.disk, 'its base was stored with another chunk or segment size; take a full backup')
        }
        return await storeDisk(repository, until(lost, request), geometry, base, options.checkpointBytes)
      }),
    storeAttachment: (bytes) => locked(() => storeAttachment(repository, bytes)),
    readAttachment: (pointId, name) => locked(async () => readAttachment(repository, await findPoint(repository, pointId), name)),
    commitPoint: (point) => locked((lost) => commitPoint(repository, point, geometry, now(), lost)),
    async openDisk(pointId, disk) {
      if (closed) throw vaultClosed()
      await lock.enter()
      try {
        const found = await findDisk(pointId, disk)
        const source = readDisk(repository, await openDiskMap(repository, found, found.geometry), found.geometry.chunkBytes)
        return { ...source, [Symbol.asyncDispose]: lock.leave }
      } catch (error) {
        await lock.leave()
        throw error
      }
    },
    restoreDisk: (request) =>
      locked(async (lost) => {
        const found = await findDisk(request.pointId, request.disk)
        const map = await openDiskMap(repository, found, found.geometry)
        return await restoreDisk(repository, map, found.geometry.chunkBytes, until(lost, request))
      }),
    backUpFiles: (request) => locked((lost) => backUpFiles(repository, until(lost, request), now, lost)),
    restoreFiles: (request) => locked((lost) => restoreFiles(repository, until(lost, request))),
    listFiles: (pointId, path) => locked(() => listFiles(repository, pointId, path)),
    verify: (request) => locked((lost) => verifyVault(repository, until(lost, request))),
    forget: (request) => exclusively(() => forgetPoints(repository, request)),
    prune: (request) => exclusively((lost) => pruneVault(repository, until(lost, request))),
    repair: (request) => exclusively((lost) => repairVault(repository, until(lost, request))),
    diff: (from, to) =>
      locked(async () => diffPoints(repository, await findPoint(repository, from), await findPoint(repository, to))),
    stats: () => vaultStats(repository),
    keys: createKeyRing(backend, key, now, options.keyCost),
    close,
    [Symbol.asyncDispose]: close,
  }
}

const until = <T extends { readonly signal?: AbortSignal }>(lost: AbortSignal, request: T): T => ({
  ...request,
  signal: request.signal ? AbortSignal.any([request.signal, lost]) : lost,
})

/** Taken with the first that enters, released with the last that leaves. */
function sharedLock(take: () => Promise<VaultLock>): {
  enter(): Promise<VaultLock>
  leave(): Promise<void>
  drop(): Promise<void>
} {
  let holders = 0
  let held: Promise<VaultLock> | undefined
  const release = async (): Promise<void> => {
    const last = held
    held = undefined
    await (await last?.catch(() => undefined))?.release()
  }
  return {
    async enter() {
      holders += 1
      held ??= take()
      try {
        return await held
      } catch (error) {
        holders -= 1
        held = undefined
        throw error
      }
    },
    async leave() {
      holders -= 1
      if (holders === 0) await release()
    },
    drop: release,
  }
}
