// Every message that the vault raises, worded here once. Other files call these builders; none throws a text of its own.
import type { CodeMeaning } from '../language/index.ts'
import type { FileKind } from './backend.ts'
import type { FileProblems, FileTrouble } from './file-problems.ts'

/** Every code and what it means. A code never changes meaning; docs/formats/vault.md repeats the titles. */
export const vaultCodes = {
  VAULT_NOT_FOUND: {
    title: 'The folder has no config file, so it is no vault',
    explanation:
      'A vault is a folder with a config file, keys, data and snapshots. Correct the path, or create a vault there with `holdfast vault init`.',
  },
  VAULT_EXISTS: {
    title: 'The folder is a vault already',
    explanation: 'A vault is never created over another one. Use it as it is, or choose an empty folder.',
  },
  VAULT_KEY_MISSING: {
    title: 'No key file is there; nothing can be decrypted',
    explanation:
      'The key of a vault lies in its folder `keys`, sealed by the password. Restore that folder from a copy: there is no other way to read the vault.',
  },
  VAULT_PASSWORD_WRONG: {
    title: 'The password opens none of the key files',
    explanation: 'Give the password with which the vault was created, or one that was added to it since.',
  },
  VAULT_KEY_UNKNOWN: {
    title: 'No key of the vault has this id, or several begin with these digits',
    explanation: '`holdfast vault keys list` lists them; the first digits are enough where they are unique.',
  },
  VAULT_KEY_IN_USE: {
    title: 'The key that opened the vault cannot be removed',
    explanation:
      'A vault always keeps a key that opens it. Open it with another password to remove this one, or change the password.',
  },
  VAULT_VERSION_UNSUPPORTED: {
    title: 'The repository has a format version other than 2',
    explanation:
      'Vaults are restic repositories of format 2. Use a newer release of Holdfast, or migrate an old repository with `restic migrate`.',
  },
  VAULT_FILE_MISSING: {
    title: 'A file that others refer to is gone',
    explanation:
      'Restore it from a copy of the vault. `holdfast vault verify` lists the restore points that need it; the others can be restored.',
  },
  VAULT_FILE_DAMAGED: {
    title: 'A file is not what was written',
    explanation:
      'Each file is named by the hash of its content and sealed, so damage is always seen. Restore the file from a copy of the vault; `holdfast vault verify` lists what is affected.',
  },
  VAULT_BLOB_MISSING: {
    title: 'A blob that is referred to is in no index, or an index is missing',
    explanation: 'Rebuild the index from the data that is there with `holdfast vault repair`, then run `holdfast vault verify`.',
  },
  VAULT_TREE_INVALID: {
    title: 'A tree is whole but does not describe what it should',
    explanation:
      'It is sealed with the right key, so another program wrote it, or a mistake in Holdfast. `holdfast vault verify` lists the restore points that need it.',
  },
  VAULT_LOCKED: {
    title: 'Another process has a lock that excludes this call',
    explanation: 'Wait for it to end. When its process is gone, `restic unlock` removes the lock.',
  },
  VAULT_LOCK_LOST: {
    title: 'The lock could not be refreshed in time, so what ran under it was ended',
    explanation: 'Others may take a lock that is not refreshed for stale. Check the storage, then start the same run again.',
  },
  VAULT_CLOSED: {
    title: 'The vault was closed while it was in use',
    explanation: 'The command was ended while it still read or wrote. Start it again.',
  },
  VAULT_WORKER_LOST: {
    title: 'A worker thread of the vault died',
    explanation:
      'The message says of what; too little memory is the usual reason. Nothing half-written counts. Start the same run again: earlier restore points are whole.',
  },
  VAULT_WRITE_FAILED: {
    title: 'The storage refused a write; nothing is written any more until the vault is opened again',
    explanation: 'Check space and rights of the storage, then start the same run again: earlier restore points are whole.',
  },
  VAULT_STORAGE_LOST: {
    title: 'The storage of the vault cannot be reached, or broke off',
    explanation:
      'It was tried several times. The message says what the last answer was. Check network and server, then start the same run again: earlier restore points are whole.',
  },
  VAULT_STORAGE_REFUSED: {
    title: 'The storage of the vault does not let this login in, or refuses a call',
    explanation:
      'The message has the status and the words of the server. Check the login, its rights, the place that is named, and whether there is room.',
  },
  VAULT_PRUNE_REFUSED: {
    title: 'Something in the vault cannot be read, so nothing was removed from it',
    explanation:
      'What cannot be read may say that data is needed. `holdfast vault verify` tells what is damaged; `holdfast vault repair` drops it. Then prune again.',
  },
  FORGET_RULE_MISSING: {
    title: 'Neither a rule nor a restore point says what to forget',
    explanation:
      'Without a rule everything would go. Give at least one, such as `--keep-daily 14`, or the ids of restore points.',
  },
  POINT_UNKNOWN: {
    title: 'No restore point has this id',
    explanation: '`holdfast vault list` lists them; the first digits are enough where they are unique.',
  },
  POINT_AMBIGUOUS: {
    title: 'Several restore points begin with these digits',
    explanation: 'Give more digits of the id.',
  },
  POINTS_INCOMPARABLE: {
    title: 'Two restore points cannot be compared',
    explanation:
      'Points of disks are compared with points of disks that were stored with the same sizes, points of files with points of files.',
  },
  POINT_DAMAGED: {
    title: 'What describes a restore point cannot be read',
    explanation:
      'The message says what is wrong with it. Restore its files from a copy of the vault, or use another restore point.',
  },
  POINT_DISK_UNKNOWN: {
    title: 'A restore point has no such disk',
    explanation: '`holdfast vault show` lists the disks of a restore point.',
  },
  POINT_FILE_UNKNOWN: {
    title: 'A restore point has no such file or folder',
    explanation: 'Give the path as the restore point has it, with slashes and without one at the beginning.',
  },
  FILES_NOT_STORED: {
    title: 'Files vanished, were changed or could not be read while they were stored',
    explanation:
      'A restore point without them would look whole. Store a snapshot rather than files in use, give the right to read them, or accept it: the restore point then lists them.',
  },
  FOLDERS_INVALID: {
    title: 'The folders to store are none, are no absolute paths, or would lie in one place',
    explanation: 'Name each folder once by its absolute path, and give each a place of its own in the restore point.',
  },
  DISK_MAP_INVALID: {
    title: 'The map of a disk leaves gaps, reaches too far, or refers to a base that is not there',
    explanation:
      'A disk is stored whole or not at all: data, zeros, holes and what is unchanged since the base must cover it exactly. The fault is in what the pack answered; back up in full.',
  },
  SOURCE_TOO_SMALL: {
    title: 'A source has fewer bytes than its disk is said to have',
    explanation: 'The platform says one size and serves another. Read the configuration of the disk anew, and back up again.',
  },
  SOURCE_FAILED: {
    title: 'A source could not be opened or read',
    explanation: 'The message says what the disk answered. The copy goes on from its checkpoint once the disk answers again.',
  },
  TARGET_TOO_SMALL: {
    title: 'A target has fewer bytes than the disk',
    explanation: 'Restore into a disk of at least the size of the one that was backed up.',
  },
  TARGET_FAILED: {
    title: 'A target could not be opened or written',
    explanation: 'The message says what the target answered. Check it, then restore again.',
  },
} as const satisfies Readonly<Record<string, CodeMeaning>>

export type VaultCode = keyof typeof vaultCodes

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
    'check the password that the target is bound to',
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

const DAMAGE_HINTS: Readonly<Record<FileKind, string>> = {
  config: 'restore the file from a copy of the vault',
  key: 'restore the file from a copy of the vault, or remove it where another key file is known to open the vault',
  pack: 'find what it affects with `holdfast vault verify`',
  index: 'rebuild the index with `holdfast vault repair`',
  snapshot: 'restore the file from a copy of the vault, or remove it: the point is lost',
  lock: 'when nothing else uses the vault, remove all locks with `restic unlock --remove-all`',
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
    'wait for it to end; `restic unlock` removes locks whose process is gone',
  )

export const lockLost = (): VaultError =>
  new VaultError(
    'VAULT_LOCK_LOST',
    'the lock of the vault could not be refreshed in time; others may take it for stale',
    'check the storage, then repeat',
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

export const pointDamaged = (pointId: string, reason: string, options?: ErrorOptions): VaultError =>
  new VaultError('POINT_DAMAGED', `restore point ${pointId.slice(0, 10)} is damaged: ${reason}`, undefined, options)

export const diskUnknown = (pointId: string, disk: string, disks: readonly string[]): VaultError =>
  new VaultError(
    'POINT_DISK_UNKNOWN',
    `restore point ${pointId.slice(0, 10)} has no disk ${disk}; it has ${disks.join(', ') || 'none'}`,
  )

export const pointsIncomparable = (reason: string): VaultError =>
  new VaultError('POINTS_INCOMPARABLE', `the restore points cannot be compared: ${reason}`)

export const fileUnknown = (pointId: string, path: string): VaultError =>
  new VaultError('POINT_FILE_UNKNOWN', `restore point ${pointId.slice(0, 10)} has no file or folder ${path}`)

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
