// Takes locks out of a vault that nobody holds any more: who asks for a lock passes them over, restic does not.
import type { Backend } from '../backend.ts'
import { type ListedLock, listLocks, type SealKey } from '../format/index.ts'

export interface UnlockRequest {
  /** Those that are held, or cannot be read, too: only where nothing else uses the vault. */
  readonly all?: boolean
  readonly dryRun?: boolean
}

export interface Unlocked {
  readonly removed: readonly ListedLock[]
  readonly left: readonly ListedLock[]
}

export async function unlockVault(backend: Backend, key: SealKey, nowMs: number, request: UnlockRequest): Promise<Unlocked> {
  const { removed = [], left = [] } = Object.groupBy(await listLocks(backend, key, nowMs), ({ state }) =>
    state === 'stale' || request.all ? 'removed' : 'left',
  )
  if (!request.dryRun) for (const { id } of removed) await backend.remove('lock', id)
  return { removed, left }
}
