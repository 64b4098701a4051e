// Makes a folder with all above it.
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Of this user alone, unless it is there. Node's `recursive` would never end where the system says of a folder that it is there and that nothing
 * can be in it, as of `/proc` and of what an automounter serves.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await makeOne(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(folder) === folder) throw error
    await makeFolder(dirname(folder))
    await makeOne(folder)
  }
}

async function makeOne(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}
