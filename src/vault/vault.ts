// Vaults made and opened: each call under the lock that it needs.
import { randomBytes } from 'node:crypto'
import { isObject, type Secret } from '../values/index.ts'
import type { Backend } from './backend.ts'
import { backendAt, type VaultPlace } from './backends/index.ts'
import { diskUnknown, mapInvalid, vaultClosed, vaultExists, vaultNotFound, versionUnsupported } from './codes.ts'
import { GEOMETRY, type Geometry, openDiskMap, readDisk, restoreDisk, storeDisk } from './disks/index.ts'
import { backUpFiles, listFiles, restoreFiles } from './files/index.ts'
import {
  createKey,
  findKey,
  putConfig,
  randomPolynomial,
  readConfig,
  type SealKey,
  takeLock,
  takeReadersLock,
  type VaultLock,
} from './format/index.ts'
import type { Vault, VaultOptions } from './model.ts'
import {
  type Among,
  commitPoint,
  diffPoints,
  findPoint,
  listPoints,
  listSnapshots,
  type PointDisk,
  type RestorePoint,
  readAttachment,
  storeAttachment,
} from './points/index.ts'
import { indexCache, openRepository, type Repository, snapshotCache } from './repository/index.ts'
import { createKeyRing, forgetPoints, pruneVault, repairVault, unlockVault, vaultStats, verifyVault } from './upkeep/index.ts'
import { createPool } from './workers/index.ts'

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
  const pool = createPool(backend, options.threads)
  if (options.toWork) pool.start(options.toWork === true ? Number.POSITIVE_INFINITY : options.toWork)
  try {
    const key = await findKey(backend, password)
    const config = await readConfig(backend, key)
    if (!isObject(config) || config.version !== 2) throw versionUnsupported(isObject(config) ? (config.version ?? null) : null)
    const { cacheFolder } = options
    const caches =
      cacheFolder === undefined || typeof config.id !== 'string'
        ? {}
        : { snapshots: snapshotCache(cacheFolder, config.id, key), indexes: indexCache(cacheFolder, config.id, key) }
    return createVault(backend, key, options, openRepository(backend, key, pool, caches))
  } catch (error) {
    await pool[Symbol.asyncDispose]()
    throw error
  }
}

function createVault(
  backend: Backend,
  key: SealKey & { readonly id: string },
  options: VaultOptions,
  repository: Repository,
): Vault {
  const { geometry = GEOMETRY, now = Date.now } = options
  const find = (wanted: string, among: Among = {}): Promise<RestorePoint> =>
    findPoint(repository, wanted, { ...among, nowMs: now() })
  // Whoever takes the lock learns what was written and pruned before; while it is held nothing is pruned.
  const lock = sharedLock(async () => {
    const taken = await takeReadersLock(backend, key, now)
    try {
      await repository.refresh()
      return taken
    } catch (error) {
      await taken.release()
      throw error
    }
  })
  let closed = false

  /** Runs a call that needs the files to stay, under the one lock that all calls of this vault share. */
  async function locked<T>(call: (held: VaultLock) => Promise<T>): Promise<T> {
    if (closed) throw vaultClosed()
    const held = await lock.enter()
    try {
      return await call(held)
    } catch (error) {
      // Whatever it stumbled upon: closing took it away.
      throw closed ? vaultClosed({ cause: error }) : error
    } finally {
      await lock.leave()
    }
  }

  /** The same for a call that adds files: others have to see that it does. */
  const writing = <T>(call: (held: VaultLock) => Promise<T>): Promise<T> =>
    locked(async (held) => {
      held.assertHeld()
      return await call(held)
    })

  /** The same, alone in the vault: nobody reads or writes meanwhile, not even another call of this one. */
  async function exclusively<T>(call: (held: VaultLock) => Promise<T>): Promise<T> {
    if (closed) throw vaultClosed()
    const taken = await takeLock(backend, key, true, now)
    try {
      return await call(taken)
    } finally {
      await taken.release()
    }
  }

  async function close(): Promise<void> {
    closed = true
    try {
      // First, so that nothing is asked of its threads any more, and nothing goes on without the lock.
      await repository[Symbol.asyncDispose]()
    } finally {
      await lock.drop().finally(() => backend.close?.())
    }
  }

  async function findDisk(pointId: string, disk: string): Promise<PointDisk & { readonly geometry: Geometry }> {
    const point = await find(pointId)
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
    point: (wanted, vm, kind) => find(wanted, { vm, kind }),
    snapshots: () => listSnapshots(repository),
    storeDisk: (request) =>
      writing(async (held) => {
        const base = request.base && (await findDisk(request.base.pointId, request.base.disk))
        if (base && (base.geometry.chunkBytes !== geometry.chunkBytes || base.geometry.segmentBytes !== geometry.segmentBytes)) {
          throw mapInvalid(request.disk, 'its base was stored with another chunk or segment size; take a full backup')
        }
        return await storeDisk(repository, until(held, request), geometry, base, options.checkpointBytes)
      }),
    storeAttachment: (bytes) => writing(() => storeAttachment(repository, bytes)),
    readAttachment: (pointId, name) => locked(async () => readAttachment(repository, await find(pointId), name)),
    commitPoint: (point) => writing((held) => commitPoint(repository, point, geometry, now(), held.assertThere)),
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
      locked(async (held) => {
        const found = await findDisk(request.pointId, request.disk)
        const map = await openDiskMap(repository, found, found.geometry)
        return await restoreDisk(repository, map, found.geometry.chunkBytes, until(held, request))
      }),
    backUpFiles: (request) => writing((held) => backUpFiles(repository, until(held, request), now, held.assertThere)),
    restoreFiles: (request) => locked((held) => restoreFiles(repository, until(held, request))),
    listFiles: (pointId, path) => locked(() => listFiles(repository, pointId, path)),
    verify: (request) => locked((held) => verifyVault(repository, until(held, request))),
    forget: (request) =>
      exclusively(({ assertHeld, assertThere }) => forgetPoints(repository, { ...request, assertHeld, assertThere }, now())),
    prune: (request) => exclusively((held) => pruneVault(repository, alone(held, request))),
    repair: (request) => exclusively((held) => repairVault(repository, alone(held, request))),
    diff: (from, to) => locked(async () => diffPoints(repository, await find(from), await find(to))),
    stats: () => vaultStats(repository),
    unlock: (request) => unlockVault(backend, key, now(), request),
    keys: createKeyRing(backend, key, now, options.keyCost),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The request, ended too when the lock no longer protects. */
const until = <T extends { readonly signal?: AbortSignal }>({ lost }: VaultLock, request: T): T => ({
  ...request,
  signal: request.signal ? AbortSignal.any([request.signal, lost]) : lost,
})

const alone = <T extends { readonly signal?: AbortSignal }>(held: VaultLock, request: T) => ({
  ...until(held, request),
  assertHeld: held.assertHeld,
  assertThere: held.assertThere,
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
