// Where a vault's files live, as the vault sees it: a handful of calls that any storage can offer. It may not know what is in a file.

import type { S3Bucket } from '../s3/index.ts'
import type { SshHost } from '../ssh/index.ts'

export type FileKind = 'config' | 'key' | 'pack' | 'index' | 'snapshot' | 'lock'

/** Where a vault lies, and what opens the storage there. Plain data but for its secrets. */
export type BackendAddress =
  | { readonly kind: 'local'; readonly directory: string }
  /** The directory starts at the login's home folder, or at the root with a slash. */
  | { readonly kind: 'sftp'; readonly host: SshHost; readonly directory: string }
  | ({
      readonly kind: 's3' /** Without slashes around it; empty for the bucket itself. */
      readonly prefix: string
      readonly lock?: ObjectLock
    } & S3Bucket)

/** For how long from its upload nobody may remove a file of the vault, locks aside. */
export interface ObjectLock {
  readonly mode: 'governance' | 'compliance'
  readonly days: number
}

export interface StoredFile {
  readonly name: string
  readonly sizeBytes: number
}

/** Nobody sees it before it is finished. Calls are made one after the other; one that fails leaves nothing behind, and is the last. */
export interface GrowingFile {
  append(parts: readonly Buffer[]): Promise<void>
  /** When it resolves, all is as after `put`. */
  finish(name: string): Promise<void>
  /** In place of `finish`: nothing is left of it. */
  abandon(): Promise<void>
}

/**
 * B1: after `put` resolves the file survives power loss. B2: nobody ever sees part of a file under its name.
 * B3: `put` of a name that is there already leaves a complete file of that name. B4: `list` names every file whose `put` resolved before it was called.
 * Names are lower-case hex; the config has the name `config`. No call retries: `retrying` does, for all may be repeated.
 * All throw `VAULT_STORAGE_LOST` where the storage cannot be reached, and `VAULT_STORAGE_REFUSED` for what it refuses.
 */
export interface Backend {
  /** From it a worker thread opens the same storage; absent where only this thread can reach it. */
  readonly address?: BackendAddress
  /** For messages. */
  readonly where: string
  put(kind: FileKind, name: string, parts: readonly Buffer[]): Promise<void>
  /** A file whose name is known only when all of it is written. Absent where storage takes whole files only. */
  begin?(kind: FileKind): Promise<GrowingFile>
  /** Throws `VAULT_FILE_MISSING`, or `VAULT_FILE_DAMAGED` where the range reaches beyond the end. */
  read(kind: FileKind, name: string, range?: { readonly offsetBytes: number; readonly lengthBytes: number }): Promise<Buffer>
  list(kind: FileKind): Promise<readonly StoredFile[]>
  /** What `list` names, without a look at each file. */
  names(kind: FileKind): Promise<readonly string[]>
  /** Whether the folder for such files is there, empty or not. Absent on a storage that has no folders. */
  hasFolder?(kind: FileKind): Promise<boolean>
  /** A file that is gone already is no error. Of index and snapshot files it survives power loss when resolved. */
  remove(kind: FileKind, name: string): Promise<void>
  /** Makes the folders of an empty vault, on a storage that has folders. */
  prepare?(): Promise<void>
  /** Ends its connections, where it has any. */
  close?(): Promise<void>
}
