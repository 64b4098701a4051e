// Every message that the vault raises, worded here once. Other files call these builders; none throws a text of its own.
// What a code means to its reader stands in `code-table.ts`.
import { formatSize } from '../values/index.ts'
import type { FileKind } from './backend.ts'
import type { VaultCode } from './code-table.ts'
import type { FileProblems, FileTrouble } from './file-problems.ts'

/** The only error the vault throws on purpose: about what is in the folder or what was asked of it. */
export class VaultError extends Error {
  readonly code: VaultCode
  declare readonly hint?: string

  constructor(code: VaultCode, message: string, hint?: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'VaultError'
    this.code = code
    if (hint !== undefined) this.hint = hint
  }
}

const DAMAGE: readonly VaultCode[] = ['VAULT_FILE_DAMAGED', 'VAULT_FILE_MISSING', 'VAULT_BLOB_MISSING', 'VAULT_TREE_INVALID']

/** What is stored is not whole, or gone. Anything else, such as a disk's error or a storage out of reach, may be well again soon. */
export const isDamage = (error: unknown): error is VaultError => error instanceof VaultError && DAMAGE.includes(error.code)

const FILE_WORDS: Readonly<Record<FileKind, string>> = {
  config: 'config file',
  key: 'key file',
  pack: 'pack',
  index: 'index file',
  snapshot: 'snapshot file',
  lock: 'lock file',
}

const fileWords = (kind: FileKind, name: string): string =>
  kind === 'config' ? 'config file' : `${FILE_WORDS[kind]} ${name.slice(0, 10)}`

export const vaultNotFound = (where: string): VaultError =>
  new VaultError(
    'VAULT_NOT_FOUND',
    `no vault at ${where}: it has no config file`,
    'create one with `holdfast vault init`, or correct the path',
  )

export const vaultExists = (where: string): VaultError =>
  new VaultError('VAULT_EXISTS', `there is a vault at ${where} already`, 'use it as it is, or choose an empty folder')

export const keyMissing = (where: string): VaultError =>
  new VaultError(
    'VAULT_KEY_MISSING',
    `the vault at ${where} has no key file: nothing in it can be decrypted`,
    'restore the folder `keys` from a copy',
  )

export const passwordWrong = (where: string): VaultError =>
  new VaultError(
    'VAULT_PASSWORD_WRONG',
    `the password opens no key of the vault at ${where}`,
    'give the one that it was made with, or one that was added to it since',
  )

export const keyUnknown = (wanted: string): VaultError =>
  new VaultError('VAULT_KEY_UNKNOWN', `the vault has no key ${wanted}`, 'list them with `holdfast vault keys list`')

export const keyAmbiguous = (wanted: string, ids: readonly string[]): VaultError =>
  new VaultError(
    'VAULT_KEY_UNKNOWN',
    `${wanted} could be key ${ids.map((id) => id.slice(0, 12)).join(' or ')}`,
    'give more digits',
  )

export const keyInUse = (id: string): VaultError =>
  new VaultError(
    'VAULT_KEY_IN_USE',
    `key ${id.slice(0, 10)} opened the vault and stays`,
    'give the password of another key to remove it',
  )

export const versionUnsupported = (version: unknown): VaultError =>
  new VaultError(
    'VAULT_VERSION_UNSUPPORTED',
    `the vault has format version ${JSON.stringify(version)}; this program knows version 2`,
    'use a newer release, or migrate the repository with `restic migrate`',
  )

export const fileMissing = (kind: FileKind, name: string, options?: ErrorOptions): VaultError =>
  new VaultError('VAULT_FILE_MISSING', `${fileWords(kind, name)} is missing`, undefined, options)

/** Of a vault that was copied in part, or whose file system was mended. */
export const snapshotsMissing = (where: string): VaultError =>
  new VaultError(
    'VAULT_FILE_MISSING',
    `the folder snapshots of the vault at ${where} is missing, and with it all restore points, though there are packs`,
    'put the folder back, from a copy or from lost+found; make an empty one only where there were no points',
  )

const DAMAGE_HINTS: Readonly<Record<FileKind, string>> = {
  config: 'restore the file from a copy of the vault',
  key: 'restore the file from a copy of the vault, or remove it where another key file is known to open the vault',
  pack: 'find what it affects with `holdfast vault verify`',
  index: 'rebuild the index with `holdfast vault repair`',
  snapshot: 'restore the file from a copy of the vault, or remove it: the point is lost',
  lock: 'when nothing else uses the vault, remove it with `holdfast vault unlock --all`',
}

export const fileDamaged = (kind: FileKind, name: string, reason: string, options?: ErrorOptions): VaultError =>
  new VaultError('VAULT_FILE_DAMAGED', `${fileWords(kind, name)} is damaged: ${reason}`, DAMAGE_HINTS[kind], options)

/** A file that ends before the range that was asked for. */
export const fileTooShort = (
  kind: FileKind,
  name: string,
  sizeBytes: number,
  range: { readonly offsetBytes: number; readonly lengthBytes: number },
): VaultError => fileDamaged(kind, name, `it has ${sizeBytes} bytes, ${range.offsetBytes + range.lengthBytes} are needed`)

export const blobMissing = (type: 'data' | 'tree', id: string): VaultError =>
  new VaultError(
    'VAULT_BLOB_MISSING',
    `no index lists ${type} blob ${id.slice(0, 10)}`,
    'rebuild the index with `holdfast vault repair`, then run `holdfast vault verify`',
  )

/** Sealed and whole, yet not what it should be: another program, or a mistake in ours, wrote it. */
export const treeInvalid = (id: string, reason: string): VaultError =>
  new VaultError('VAULT_TREE_INVALID', `tree ${id.slice(0, 10)} ${reason}`, 'find what it affects with `holdfast vault verify`')

export const vaultLocked = (by: { exclusive: boolean; hostname: string; pid: number; time: string }): VaultError =>
  new VaultError(
    'VAULT_LOCKED',
    `the vault is locked${by.exclusive ? ' exclusively' : ''} by process ${by.pid} on ${by.hostname} since ${by.time}`,
    'wait for it to end; `holdfast vault unlock` shows all locks, and removes those whose process is gone',
  )

export const lockLost = (): VaultError =>
  new VaultError(
    'VAULT_LOCK_LOST',
    'the lock of the vault could not be refreshed in time, or others have removed it; they may have had the vault meanwhile',
    'check the storage, and the clocks of all that use it, then repeat',
  )

export const vaultClosed = (options?: ErrorOptions): VaultError =>
  new VaultError('VAULT_CLOSED', 'the vault is closed', undefined, options)

export const workerLost = (cause: Error): VaultError =>
  new VaultError('VAULT_WORKER_LOST', `a worker thread of the vault died: ${cause.message}`, 'check the memory, then repeat', {
    cause,
  })

/** What has been said once is passed on as it is. */
export const writeFailed = (cause: unknown): VaultError =>
  cause instanceof VaultError && cause.code === 'VAULT_WRITE_FAILED'
    ? cause
    : new VaultError(
        'VAULT_WRITE_FAILED',
        `writing to the vault failed: ${cause instanceof Error ? cause.message : String(cause)}`,
        'check space and rights of the storage, then repeat',
        { cause },
      )

/** The cause's message has what the server said. */
export const storageLost = (where: string, cause: Error): VaultError =>
  new VaultError('VAULT_STORAGE_LOST', `${where} cannot be reached: ${cause.message}`, 'check network and server, then repeat', {
    cause,
  })

export const storageRefused = (where: string, cause: Error): VaultError =>
  new VaultError(
    'VAULT_STORAGE_REFUSED',
    `${where} refused: ${cause.message}`,
    'check the login, its rights, the place that is named, and whether there is room',
    { cause },
  )

export const pruneRefused = (reason: string, options?: ErrorOptions): VaultError =>
  new VaultError(
    'VAULT_PRUNE_REFUSED',
    `nothing was removed from the vault: ${reason}`,
    'see what `holdfast vault verify` says; `holdfast vault repair` drops what is damaged',
    options,
  )

export const forgetRuleMissing = (): VaultError =>
  new VaultError(
    'FORGET_RULE_MISSING',
    'nothing says what to keep or what to forget',
    'give a rule such as --keep-daily 14, or a point',
  )

export const pointUnknown = (wanted: string): VaultError =>
  new VaultError('POINT_UNKNOWN', `no restore point ${wanted}`, 'list them with `holdfast vault list`')

export const pointAmbiguous = (wanted: string, ids: readonly string[]): VaultError =>
  new VaultError('POINT_AMBIGUOUS', `${wanted} could be ${ids.map((id) => id.slice(0, 12)).join(' or ')}`, 'give more digits')

/** What helps against the cause helps here. */
export const pointDamaged = (pointId: string, reason: string, options?: ErrorOptions): VaultError =>
  new VaultError(
    'POINT_DAMAGED',
    `restore point ${pointId.slice(0, 10)} is damaged: ${reason}`,
    options?.cause instanceof VaultError ? options.cause.hint : undefined,
    options,
  )

export const diskUnknown = (pointId: string, disk: string, disks: readonly string[]): VaultError =>
  new VaultError(
    'POINT_DISK_UNKNOWN',
    `restore point ${pointId.slice(0, 10)} has no disk ${disk}; it has ${disks.join(', ') || 'none'}`,
  )

export const disksMissing = (pointId: string): VaultError =>
  new VaultError(
    'POINT_DISK_UNKNOWN',
    `restore point ${pointId.slice(0, 10)} holds files, and no disks`,
    'take its files out with `holdfast vault restore` or `holdfast vault files get`',
  )

export const pointsIncomparable = (reason: string): VaultError =>
  new VaultError('POINTS_INCOMPARABLE', `the restore points cannot be compared: ${reason}`)

export const fileUnknown = (pointId: string, path: string): VaultError =>
  new VaultError(
    'POINT_FILE_UNKNOWN',
    `restore point ${pointId.slice(0, 10)} has no file or folder ${path}`,
    'see what is there with `holdfast vault files list`; of disks a path begins with a volume',
  )

export const filesNotStored = ({ count, listed }: FileProblems): VaultError => {
  const shown = listed.slice(0, 3).map(({ path, trouble, message }) => `${path} (${TROUBLE_WORDS[trouble] ?? message})`)
  return new VaultError(
    'FILES_NOT_STORED',
    `${count} ${count === 1 ? 'file' : 'files'} could not be stored: ${shown.join(', ')}${count > shown.length ? ', …' : ''}`,
    'store a snapshot, give the right to read them, or accept it',
  )
}

const TROUBLE_WORDS: Readonly<Partial<Record<FileTrouble, string>>> = {
  vanished: 'vanished',
  changed: 'changed while it was read',
}

export const foldersInvalid = (reason: string): VaultError =>
  new VaultError('FOLDERS_INVALID', `the folders cannot be stored: ${reason}`)

export const mapInvalid = (disk: string, reason: string): VaultError =>
  new VaultError('DISK_MAP_INVALID', `the map of disk ${disk} cannot be used: ${reason}`)

export const targetTooSmall = (disk: string, needBytes: number, haveBytes: number): VaultError =>
  new VaultError(
    'TARGET_TOO_SMALL',
    `disk ${disk} has ${needBytes} bytes, the target only ${haveBytes}`,
    'restore into a disk of at least that size',
  )

export const targetFull = (folder: string, needBytes: number, freeBytes: number): VaultError =>
  new VaultError(
    'TARGET_TOO_SMALL',
    `${formatSize(needBytes)} are to be written to ${folder}, and ${formatSize(freeBytes)} are free there`,
    'make room there, or restore to another place',
  )

export const sourceTooSmall = (disk: string, needBytes: number, haveBytes: number): VaultError =>
  new VaultError('SOURCE_TOO_SMALL', `disk ${disk} is said to have ${needBytes} bytes, but only ${haveBytes} can be read`)

/** Reading the disk failed: the copy can go on from its checkpoint once the disk answers again. */
export const sourceFailed = (cause: unknown): VaultError =>
  new VaultError(
    'SOURCE_FAILED',
    `the disk could not be read: ${cause instanceof Error ? cause.message : String(cause)}`,
    undefined,
    { cause },
  )

export const targetFailed = (cause: unknown): VaultError =>
  new VaultError(
    'TARGET_FAILED',
    `the target disk could not be written: ${cause instanceof Error ? cause.message : String(cause)}`,
    undefined,
    { cause },
  )
