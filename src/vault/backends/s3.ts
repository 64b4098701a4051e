// A vault in a bucket of an object store, laid out as a local one, so that `restic -r s3:` opens it. It knows requests, not what is in a file.
import { openBucket, type Retention, S3Failed, S3Lost } from '../../s3/index.ts'
import type { Backend, BackendAddress, FileKind, StoredFile } from '../backend.ts'
import { fileMissing, fileTooShort, storageLost, storageRefused, vaultExists } from '../codes.ts'
import { folderOf, isFileName, pathOf } from './layout.ts'

const DAY_MS = 24 * 3_600_000
/** What passes: too many requests, a conflict with another one, a body that came too slowly. */
const PASSING_STATUS: readonly number[] = [408, 409, 429]
const PASSING_CODES: readonly string[] = ['RequestTimeout']

export function s3Backend(address: Extract<BackendAddress, { kind: 's3' }>): Backend {
  const { bucket, prefix, lock } = address
  const where = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`
  const above = prefix === '' ? '' : `${prefix}/`
  const objects = openBucket(address)

  const keyOf = (kind: FileKind, name: string): string => `${above}${pathOf(kind, name)}`

  async function on<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      if (error instanceof S3Lost) throw storageLost(where, error)
      if (!(error instanceof S3Failed)) throw error
      const passes = error.status >= 500 || PASSING_STATUS.includes(error.status) || PASSING_CODES.includes(error.code)
      throw passes ? storageLost(where, error) : storageRefused(where, error)
    }
  }

  /** A lock of the vault ends with its holder; everything else may be wanted for as long as it is promised. */
  const retentionOf = (kind: FileKind): Retention | undefined =>
    lock && kind !== 'lock' ? { mode: lock.mode, untilMs: Date.now() + lock.days * DAY_MS } : undefined

  async function list(kind: FileKind): Promise<readonly StoredFile[]> {
    const found = await objects.list(kind === 'config' ? `${above}config` : `${above}${folderOf(kind)}/`)
    return found
      .map(({ key, sizeBytes }) => ({ name: key.slice(key.lastIndexOf('/') + 1), sizeBytes, key }))
      .filter(({ name, key }) => isFileName(kind, name) && key === keyOf(kind, name))
      .map(({ name, sizeBytes }) => ({ name, sizeBytes }))
  }

  return {
    address,
    where,
    put: (kind, name, parts) =>
      on(async () => {
        const isNew = await objects.put(keyOf(kind, name), parts, retentionOf(kind))
        // All other names are hashes of what the files hold.
        if (!isNew && kind === 'config') throw vaultExists(where)
      }),
    read: (kind, name, range) =>
      on(async () => {
        const key = keyOf(kind, name)
        const content = await objects.get(key, range).catch((error: unknown) => {
          throw error instanceof S3Failed && error.code === 'NoSuchKey' ? fileMissing(kind, name, { cause: error }) : error
        })
        if (!range || content.length === range.lengthBytes) return content
        throw fileTooShort(kind, name, await objects.sizeOf(key), range)
      }),
    list: (kind) => on(() => list(kind)),
    names: (kind) => on(async () => (await list(kind)).map(({ name }) => name)),
    remove: (kind, name) => on(() => objects.remove(keyOf(kind, name))),
    close: async () => objects.close(),
  }
}
