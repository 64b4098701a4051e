// How many bytes the files below folders have, by a walk of its own ahead of the one that reads them. What it cannot look at that one tells of.
import { lstat, readdir } from 'node:fs/promises'

/** Throws when aborted. */
export async function totalSize(folders: readonly string[], signal: AbortSignal): Promise<number> {
  let bytes = 0
  async function lookInto(folder: Buffer): Promise<void> {
    signal.throwIfAborted()
    const entries = await readdir(folder, { encoding: 'buffer', withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      const path = Buffer.concat([folder, SLASH, entry.name])
      if (entry.isDirectory()) await lookInto(path)
      if (!entry.isFile()) continue
      signal.throwIfAborted()
      bytes += (await lstat(path).catch(() => undefined))?.size ?? 0
    }
  }
  for (const folder of folders) await lookInto(Buffer.from(folder))
  return bytes
}

const SLASH = Buffer.from('/')
