// A vault in a local folder, laid out as restic's design document, "Repository Layout", says.
// Durable by the usual four steps: write beside, fsync, rename, fsync the folder. It may not know what is in a file.
import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Backend, FileKind, GrowingFile, StoredFile } from '../backend.ts'
import { fileMissing, fileTooShort, writeFailed } from '../codes.ts'
import { makeFolder } from '../make-folder.ts'
import { allFolders, BESIDE_FOLDER, folderOf, isFileName, LEFTOVER_MS, pathOf as pathBelow } from './layout.ts'

const FILE_MODE = 0o600
const DIRECTORY_MODE = 0o700

/** One step that changes the disk. Tests stop the world before any of them. */
export type WriteStep = 'create' | 'write' | 'sync' | 'rename' | 'syncFolder' | 'remove'

export interface LocalOptions {
  /** Called before each step that changes the disk. */
  readonly before?: (step: WriteStep, path: string) => void
}

export function localBackend(directory: string, options: LocalOptions = {}): Backend {
  const before = options.before ?? (() => {})
  let ready: Promise<void> | undefined

  const pathOf = (kind: FileKind, name: string): string => join(directory, pathBelow(kind, name))

  async function create(kind: FileKind): Promise<GrowingFile> {
    ready ??= prepareForWriting(directory)
    await ready
    const beside = join(directory, BESIDE_FOLDER, randomBytes(12).toString('hex'))
    before('create', beside)
    const file = await open(beside, 'wx', FILE_MODE)

    async function abandon(): Promise<void> {
      await file.close()
      await rm(beside, { force: true })
    }

    async function orAbandon(work: () => Promise<void>): Promise<void> {
      try {
        await work()
      } catch (error) {
        await abandon()
        throw error
      }
    }

    const append = (parts: readonly Buffer[]): Promise<void> =>
      orAbandon(async () => {
        before('write', beside)
        await writeAll(file, parts, beside)
      })

    async function finish(name: string): Promise<void> {
      const path = pathOf(kind, name)
      await orAbandon(async () => {
        before('sync', beside)
        await file.sync()
        await file.close()
        before('rename', path)
        await moveTo(beside, path)
      })
      before('syncFolder', path)
      await syncFolder(dirname(path))
    }

    return { append: (parts) => append(parts).catch(refuse), finish: (name) => finish(name).catch(refuse), abandon }
  }

  const begin = (kind: FileKind): Promise<GrowingFile> => create(kind).catch(refuse)

  async function put(kind: FileKind, name: string, parts: readonly Buffer[]): Promise<void> {
    const file = await begin(kind)
    await file.append(parts)
    await file.finish(name)
  }

  async function read(kind: FileKind, name: string, range?: { offsetBytes: number; lengthBytes: number }): Promise<Buffer> {
    const file = await openStored(kind, name)
    try {
      // Not `readFile`: it gathers pieces and joins them, which takes a pack's memory twice.
      const { offsetBytes, lengthBytes } = range ?? { offsetBytes: 0, lengthBytes: (await file.stat()).size }
      return await readRange(file, kind, name, offsetBytes, lengthBytes)
    } finally {
      await file.close()
    }
  }

  async function openStored(kind: FileKind, name: string): Promise<FileHandle> {
    try {
      return await open(pathOf(kind, name), 'r')
    } catch (error) {
      if (isMissing(error)) throw fileMissing(kind, name, { cause: error })
      throw error
    }
  }

  async function names(kind: FileKind): Promise<readonly string[]> {
    const folder = join(directory, folderOf(kind))
    const found: string[] = []
    for (const name of await namesIn(folder)) {
      if (kind === 'pack') found.push(...(await namesIn(join(folder, name))).filter((pack) => isFileName(kind, pack)))
      else if (isFileName(kind, name)) found.push(name)
    }
    return found
  }

  async function list(kind: FileKind): Promise<readonly StoredFile[]> {
    const sized = async (name: string): Promise<StoredFile | undefined> => {
      const about = await stat(pathOf(kind, name)).catch(() => undefined)
      return about && { name, sizeBytes: about.size }
    }
    const found = await Promise.all((await names(kind)).map(sized))
    return found.filter((file) => file !== undefined)
  }

  return {
    address: { kind: 'local', directory },
    where: directory,
    prepare: () => createFolders(directory).catch(refuse),
    put,
    begin,
    read,
    list,
    names,
    hasFolder: async (kind) => await isThere(join(directory, folderOf(kind))),
    async remove(kind, name) {
      const path = pathOf(kind, name)
      before('remove', path)
      await rm(path, { force: true })
      if (kind !== 'index' && kind !== 'snapshot') return
      // A pack goes only when no index lists it any more: after a power cut too.
      before('syncFolder', path)
      await syncFolder(dirname(path))
    },
  }
}

/** Creates the empty folders of a vault, durably; folders that exist already stay as they are. */
export async function createFolders(directory: string): Promise<void> {
  await makeFolder(directory)
  for (const folder of allFolders) await mkdir(join(directory, folder), { recursive: true, mode: DIRECTORY_MODE })
  for (const folder of [join(directory, 'data'), directory, dirname(directory)]) await syncFolder(folder)
}

/** The folder for half-written files, which other programs may not make, without what crashed writers left there a day ago. */
async function prepareForWriting(directory: string): Promise<void> {
  const nowMs = Date.now()
  const folder = join(directory, BESIDE_FOLDER)
  await mkdir(folder, { recursive: true, mode: DIRECTORY_MODE })
  for (const name of await namesIn(folder)) {
    const path = join(folder, name)
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: nowMs }))
    if (nowMs - mtimeMs > LEFTOVER_MS) await rm(path, { force: true })
  }
}

/** A full disk takes a part first, and tells of itself when asked to take the rest. */
async function writeAll(file: FileHandle, parts: readonly Buffer[], path: string): Promise<void> {
  const lengthBytes = parts.reduce((sum, part) => sum + part.length, 0)
  let left = parts
  for (let done = 0; done < lengthBytes; ) {
    const { bytesWritten } = await file.writev([...left])
    done += bytesWritten
    if (bytesWritten === 0) throw new Error(`only ${done} of ${lengthBytes} bytes of ${path} were written`)
    left = behind(left, bytesWritten)
  }
}

/** What comes after so many bytes. */
function behind(parts: readonly Buffer[], bytes: number): readonly Buffer[] {
  let skip = bytes
  return parts.flatMap((part) => {
    const rest = part.subarray(Math.min(skip, part.length))
    skip -= part.length - rest.length
    return rest.length > 0 ? [rest] : []
  })
}

async function readRange(
  file: FileHandle,
  kind: FileKind,
  name: string,
  offsetBytes: number,
  lengthBytes: number,
): Promise<Buffer> {
  const into = Buffer.allocUnsafeSlow(lengthBytes)
  let done = 0
  while (done < lengthBytes) {
    const { bytesRead } = await file.read(into, done, lengthBytes - done, offsetBytes + done)
    if (bytesRead === 0) throw fileTooShort(kind, name, (await file.stat()).size, { offsetBytes, lengthBytes })
    done += bytesRead
  }
  return into
}

/** A repository that was copied may lack the folders that were empty. */
async function moveTo(beside: string, path: string): Promise<void> {
  try {
    await rename(beside, path)
  } catch (error) {
    if (!isMissing(error)) throw error
    await mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE })
    await syncFolder(dirname(dirname(path)))
    await rename(beside, path)
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

const refuse = (cause: unknown): never => {
  throw writeFailed(cause)
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
