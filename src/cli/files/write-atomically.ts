// A file gets another text at once or not at all, and keeps its mode. A link stays a link: what it leads to changes.
import { open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** The file must be there. */
export async function writeAtomically(file: string, text: string): Promise<void> {
  const target = await realpath(file)
  const { mode } = await stat(target)
  const draft = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`)
  try {
    await using handle = await open(draft, 'wx', 0o600)
    await handle.writeFile(text)
    await handle.chmod(mode & 0o7777)
    await handle.sync()
    await rename(draft, target)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}
