// Whether a file system has room for what is to be restored, looked at before anything is written.
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { targetFull } from './codes.ts'

/** Throws `TARGET_TOO_SMALL`. The folder is absolute, and need not be there. */
export async function assertRoom(folder: string, neededBytes: number): Promise<void> {
  const free = await freeBytes(folder)
  if (neededBytes > free) throw targetFull(folder, neededBytes, free)
}

/** Of the file system that the folder is in, or will be. */
export async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch (error) {
    if (!isMissing(error) || dirname(folder) === folder) throw error
    return await freeBytes(dirname(folder))
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'
