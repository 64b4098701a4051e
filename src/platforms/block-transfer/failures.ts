// From what the vault throws to the failures that the manifest declares.
import { ActionFailure, type Failure } from '../../packs/index.ts'
import { type DamagedPoint, type VaultCode, VaultError } from '../../vault/index.ts'

type Declared = Pick<Failure, 'type' | 'retryable' | 'applied'>

const UNUSABLE: Declared = { type: 'vaultUnusable', retryable: false, applied: 'no' }
const UNKNOWN_POINT: Declared = { type: 'pointUnknown', retryable: false, applied: 'no' }
const LOCKED: Declared = { type: 'vaultLocked', retryable: true, applied: 'no' }

const DECLARED: Readonly<Record<VaultCode, Declared>> = {
  VAULT_NOT_FOUND: UNUSABLE,
  VAULT_EXISTS: UNUSABLE,
  VAULT_KEY_MISSING: UNUSABLE,
  VAULT_PASSWORD_WRONG: UNUSABLE,
  VAULT_VERSION_UNSUPPORTED: UNUSABLE,
  VAULT_FILE_MISSING: UNUSABLE,
  VAULT_FILE_DAMAGED: UNUSABLE,
  VAULT_BLOB_MISSING: UNUSABLE,
  VAULT_TREE_INVALID: UNUSABLE,
  VAULT_CLOSED: UNUSABLE,
  VAULT_WORKER_LOST: UNUSABLE,
  VAULT_WRITE_FAILED: UNUSABLE,
  VAULT_STORAGE_LOST: UNUSABLE,
  VAULT_STORAGE_REFUSED: UNUSABLE,
  POINT_DAMAGED: UNUSABLE,
  POINTS_INCOMPARABLE: UNUSABLE,
  VAULT_KEY_UNKNOWN: UNUSABLE,
  VAULT_KEY_IN_USE: UNUSABLE,
  VAULT_PRUNE_REFUSED: UNUSABLE,
  FORGET_RULE_MISSING: UNUSABLE,
  VAULT_LOCKED: LOCKED,
  VAULT_LOCK_LOST: LOCKED,
  POINT_UNKNOWN: UNKNOWN_POINT,
  POINT_AMBIGUOUS: UNKNOWN_POINT,
  POINT_DISK_UNKNOWN: UNKNOWN_POINT,
  POINT_FILE_UNKNOWN: UNKNOWN_POINT,
  FILES_NOT_STORED: { type: 'filesNotStored', retryable: false, applied: 'no' },
  FOLDERS_INVALID: { type: 'foldersInvalid', retryable: false, applied: 'no' },
  DISK_MAP_INVALID: { type: 'mapUnusable', retryable: false, applied: 'no' },
  SOURCE_TOO_SMALL: { type: 'mapUnusable', retryable: false, applied: 'no' },
  TARGET_TOO_SMALL: { type: 'targetTooSmall', retryable: false, applied: 'no' },
  SOURCE_FAILED: { type: 'sourceLost', retryable: true, applied: 'no' },
  TARGET_FAILED: { type: 'targetLost', retryable: true, applied: 'maybe' },
}

/** Anything that the vault did not throw on purpose is a bug and stays one. */
export function asFailure(error: unknown): unknown {
  if (!(error instanceof VaultError)) return error
  const { code, message, hint } = error
  return new ActionFailure(
    { ...DECLARED[code], message, detail: { code }, ...(hint === undefined ? {} : { hint }) },
    { cause: error },
  )
}

export function pointDamaged(points: readonly DamagedPoint[], problems: readonly string[]): ActionFailure {
  const [first] = points
  const where = first?.damage.map(({ path, reason }) => `${path}: ${reason}`).join('; ') ?? ''
  return new ActionFailure({
    type: 'pointDamaged',
    message: `${points.length === 1 ? 'a restore point is' : `${points.length} restore points are`} damaged; ${first?.id.slice(0, 10)}: ${where}`,
    detail: { problems: [...problems] },
    retryable: false,
    applied: 'no',
  })
}

export const mapMissing = (disk: string): ActionFailure =>
  new ActionFailure({
    type: 'mapUnusable',
    message: `the map of disk ${disk} cannot be used: there is none`,
    retryable: false,
    applied: 'no',
  })
