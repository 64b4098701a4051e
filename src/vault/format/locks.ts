// restic's locks, so that both programs share a repository safely. Source: restic doc/design.rst, "Locks".
// Created first, then checked: of two that race, the later always sees the earlier, so no waiting is needed on a storage that lists what it has.
import { hostname, userInfo } from 'node:os'
import { isObject, type Json } from '../../values/index.ts'
import type { Backend } from '../backend.ts'
import { isDamage, lockLost, VaultError, vaultLocked } from '../codes.ts'
import type { SealKey } from './crypto.ts'
import { putFile, readFile } from './sealed-files.ts'

const STALE_MS = 30 * 60_000
const REFRESH_MS = 5 * 60_000
/** A refresh that failed this long counts as lost, well before others take the lock for stale. */
const LOST_MS = STALE_MS - 1.5 * REFRESH_MS

export interface LockHolder {
  /** RFC 3339: when it was taken, or refreshed. */
  readonly time: string
  readonly exclusive: boolean
  readonly hostname: string
  readonly username: string
  readonly pid: number
}

export interface ListedLock {
  readonly id: string
  /** `stale`: its process is gone from this host, or it was not refreshed for 30 minutes. `unreadable`: nobody can say. */
  readonly state: 'held' | 'stale' | 'unreadable'
  /** Absent where it cannot be read. */
  readonly holder?: LockHolder
}

export interface VaultLock {
  /** Aborts with `VAULT_LOCK_LOST` when the lock could not be refreshed in time, or is gone from the storage. */
  readonly lost: AbortSignal
  /** Throws that by the clock: a machine that has slept wakes in the middle of its work, before any timer tells. */
  assertHeld(): void
  /** Throws that, too, where others have removed the lock: by their clock, which is not ours, it was stale. */
  assertThere(): Promise<void>
  release(): Promise<void>
}

/** Throws `VAULT_LOCKED` while another holds a lock that excludes this one. Stale locks do not count, and are removed: restic would count them. */
export async function takeLock(backend: Backend, key: SealKey, exclusive: boolean, now: () => number): Promise<VaultLock> {
  await assertFree(backend, key, exclusive, now(), undefined)
  let refreshedMs = now()
  let id = await putLock(backend, key, exclusive, refreshedMs)
  try {
    const stale = await assertFree(backend, key, exclusive, now(), id)
    // A storage that lets none go, or does so later, is no reason to stop.
    for (const name of stale) await backend.remove('lock', name).catch(() => {})
  } catch (error) {
    await backend.remove('lock', id)
    throw error
  }

  const lost = new AbortController()
  let refreshing: Promise<void> = Promise.resolve()

  function look(): void {
    if (now() - refreshedMs > LOST_MS) lost.abort(lockLost())
  }

  async function lookForFile(): Promise<void> {
    if (!(await backend.names('lock')).includes(id)) lost.abort(lockLost())
  }

  /** One that was lost stays lost, for others may have removed things meanwhile; a fresh one keeps them off from now on. */
  async function refresh(): Promise<void> {
    look()
    try {
      await lookForFile()
      const atMs = now()
      const next = await putLock(backend, key, exclusive, atMs)
      const last = id
      id = next
      refreshedMs = atMs
      await backend.remove('lock', last)
    } catch {
      // Tried again next time; until LOST_MS nobody takes the lock for stale.
    }
  }

  const timer = setInterval(() => {
    refreshing = refreshing.then(refresh)
  }, REFRESH_MS)
  timer.unref()

  return {
    lost: lost.signal,
    assertHeld() {
      look()
      lost.signal.throwIfAborted()
    },
    async assertThere() {
      look()
      // In line with the refreshes, which put another file in the place of this one.
      const looked = refreshing.then(lookForFile)
      refreshing = looked.catch(() => {})
      await looked
      lost.signal.throwIfAborted()
    },
    async release() {
      clearInterval(timer)
      await refreshing
      await backend.remove('lock', id)
    },
  }
}

/**
 * A shared lock, or none where the storage takes no file: it is read-only for this login, or full. Who reads without one is told of a missing
 * file where a prune takes it away meanwhile, never given other bytes. Who writes asks `assertHeld` first, which throws what the storage said.
 */
export async function takeReadersLock(backend: Backend, key: SealKey, now: () => number): Promise<VaultLock> {
  try {
    return await takeLock(backend, key, false, now)
  } catch (error) {
    if (!takesNoFile(error)) throw error
    return {
      lost: new AbortController().signal,
      assertHeld() {
        throw error
      },
      async assertThere() {
        throw error
      },
      async release() {},
    }
  }
}

const takesNoFile = (error: unknown): boolean =>
  error instanceof VaultError && (error.code === 'VAULT_WRITE_FAILED' || error.code === 'VAULT_STORAGE_REFUSED')

/** Answers the stale ones. */
async function assertFree(
  backend: Backend,
  key: SealKey,
  exclusive: boolean,
  nowMs: number,
  own: string | undefined,
): Promise<readonly string[]> {
  const stale: string[] = []
  for (const { name, sizeBytes } of await backend.list('lock')) {
    if (name === own || sizeBytes === 0) continue
    const holder = await readHolder(backend, key, name)
    if (!holder) continue
    if (isStale(holder, nowMs)) stale.push(name)
    else if (exclusive || holder.exclusive) throw vaultLocked(holder)
  }
  return stale
}

export async function listLocks(backend: Backend, key: SealKey, nowMs: number): Promise<readonly ListedLock[]> {
  const locks: ListedLock[] = []
  for (const id of await backend.names('lock')) {
    try {
      const holder = await readHolder(backend, key, id)
      if (holder) locks.push({ id, state: isStale(holder, nowMs) ? 'stale' : 'held', holder })
    } catch (error) {
      if (!isDamage(error)) throw error
      locks.push({ id, state: 'unreadable' })
    }
  }
  return locks
}

/** Undefined when it was released meanwhile. An unreadable lock throws: nobody can say whether it still counts. */
async function readHolder(backend: Backend, key: SealKey, name: string): Promise<LockHolder | undefined> {
  try {
    return decode(await readFile(backend, key, 'lock', name))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'VAULT_FILE_MISSING') return undefined
    throw error
  }
}

function decode(file: Json): LockHolder {
  const { time, exclusive, hostname: host, username, pid } = isObject(file) ? file : {}
  return {
    time: typeof time === 'string' ? time : '',
    exclusive: exclusive === true,
    hostname: typeof host === 'string' ? host : '',
    username: typeof username === 'string' ? username : '',
    pid: typeof pid === 'number' ? pid : 0,
  }
}

function isStale(holder: LockHolder, nowMs: number): boolean {
  if (nowMs - Date.parse(holder.time) > STALE_MS) return true
  return holder.hostname === hostname() && !isAlive(holder.pid)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function putLock(backend: Backend, key: SealKey, exclusive: boolean, nowMs: number): Promise<string> {
  const { username, uid, gid } = userInfo()
  return putFile(
    backend,
    key,
    'lock',
    JSON.stringify({
      time: new Date(nowMs).toISOString(),
      exclusive,
      hostname: hostname(),
      username,
      pid: process.pid,
      uid,
      gid,
    }),
  )
}
