// Whether a file system has room for what is to be restored, looked at before anything is written.
import { statfs } from 'node:fs/promises'
import { targetFull } from './codes.ts'

/** The folder is there. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** Throws `TARGET_TOO_SMALL`. The folder is there. */
export async function assertRoom(folder: string, neededBytes: number): Promise<void> {
  const free = await freeBytes(folder)
  if (neededBytes > free) throw targetFull(folder, neededBytes, free)
}
