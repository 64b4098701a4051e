// What the snapshot files of a vault say, kept in one local file, so that a list costs the same however many there are.
// SC1: it may be deleted, be old or be spoiled at any time: snapshot files never change, and what is not in the cache is read from the vault.
import { randomBytes } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { type SealKey, type Snapshot, seal, unseal } from '../format/index.ts'
import { makeFolder } from '../make-folder.ts'

export interface SnapshotCache {
  load(): Promise<readonly Snapshot[]>
  /** Never fails: without it the next list is slower, that is all. */
  save(snapshots: readonly Snapshot[]): Promise<void>
}

/** Fewer are read from the vault in no time. */
const WORTH_KEEPING = 200

const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/** Sealed with the vault's own key: nobody else can read what is in it, or make it say something else. */
export function snapshotCache(folder: string, vaultId: string, key: SealKey): SnapshotCache {
  const path = join(folder, `${vaultId}.snapshots`)
  return {
    async load() {
      try {
        const plain = unseal(key, await readFile(path))
        return plain ? (JSON.parse(zstdDecompressSync(plain).toString()) as readonly Snapshot[]) : []
      } catch {
        return []
      }
    },
    async save(snapshots) {
      if (snapshots.length < WORTH_KEEPING) return
      const beside = `${path}-${randomBytes(6).toString('hex')}`
      try {
        await makeFolder(folder)
        const sealed = seal(key, zstdCompressSync(Buffer.from(JSON.stringify(snapshots)), FAST))
        await writeFile(beside, Buffer.concat(sealed), { mode: 0o600 })
        await rename(beside, path)
      } catch {
        await rm(beside, { force: true }).catch(() => {})
      }
    },
  }
}
