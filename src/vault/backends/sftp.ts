// A vault on an SFTP server, laid out as a local one, so that `restic -r sftp:` opens it. It knows requests and folders, not what is in a file.
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path/posix'
import { openSftp, type Sftp, SftpFailed, SshFailed } from '../../ssh/index.ts'
import type { Backend, BackendAddress, FileKind, StoredFile } from '../backend.ts'
import { fileMissing, fileTooShort, storageLost, storageRefused } from '../codes.ts'
import { allFolders, BESIDE_FOLDER, folderOf, isFileName, LEFTOVER_MS, pathOf as pathBelow } from './layout.ts'

const FILE_MODE = 0o600
const FOLDER_MODE = 0o700
/** Folders asked for at once: enough to hide the distance, few enough for a server's open handles. */
const FOLDERS_AT_ONCE = 16

/** Connects with the first call, and again after the connection broke. */
export function sftpBackend(address: Extract<BackendAddress, { kind: 'sftp' }>): Backend {
  const { host, directory } = address
  const where = `sftp://${host.user}@${host.host}${host.port === 22 ? '' : `:${host.port}`}/${directory}`
  const closing = new AbortController()
  let session: Promise<Sftp> | undefined
  let swept: Promise<void> | undefined

  const pathOf = (kind: FileKind, name: string): string => join(directory, pathBelow(kind, name))

  async function on<T>(call: (sftp: Sftp) => Promise<T>): Promise<T> {
    session ??= openSftp(host, closing.signal)
    const used = session
    try {
      return await call(await used)
    } catch (error) {
      if (error instanceof SftpFailed) throw storageRefused(where, error)
      if (!(error instanceof SshFailed)) throw error
      if (session === used) session = undefined
      throw error.reason === 'unreachable' || error.reason === 'lost' ? storageLost(where, error) : storageRefused(where, error)
    }
  }

  async function put(sftp: Sftp, kind: FileKind, name: string, parts: readonly Buffer[]): Promise<void> {
    swept ??= sweep(sftp).catch((error: unknown) => {
      swept = undefined
      throw error
    })
    await swept
    const path = pathOf(kind, name)
    try {
      await write(sftp, path, name, parts)
    } catch (error) {
      if (!isMissing(error)) throw error
      // A repository that was copied, or made by another program, may lack folders.
      await makeFolders(sftp, directory, [BESIDE_FOLDER, folderOf(kind), dirname(pathBelow(kind, name))])
      await write(sftp, path, name, parts)
    }
  }

  async function write(sftp: Sftp, path: string, name: string, parts: readonly Buffer[]): Promise<void> {
    const beside = join(directory, BESIDE_FOLDER, `${name}-${randomBytes(6).toString('hex')}`)
    try {
      await sftp.put(path, beside, parts, FILE_MODE)
    } catch (error) {
      // A server that replaces no file has this one already: names are hashes.
      const lengthBytes = parts.reduce((sum, part) => sum + part.length, 0)
      if (!(error instanceof SftpFailed) || (await sftp.sizeOf(path).catch(() => undefined)) !== lengthBytes) throw error
    }
  }

  /** What crashed writers left half-written a day ago. */
  async function sweep(sftp: Sftp): Promise<void> {
    const folder = join(directory, BESIDE_FOLDER)
    const nowMs = Date.now()
    for (const { name, modifiedMs } of await sftp.files(folder).catch(noneWhereMissing)) {
      if (nowMs - modifiedMs > LEFTOVER_MS) await sftp.remove(join(folder, name))
    }
  }

  async function list(sftp: Sftp, kind: FileKind): Promise<readonly StoredFile[]> {
    const folder = join(directory, folderOf(kind))
    if (kind !== 'pack') return await filesIn(sftp, folder, kind)
    const found: StoredFile[] = []
    const left = (await sftp.folders(folder).catch(noneWhereMissing)).values()
    const worker = async (): Promise<void> => {
      for (const name of left) found.push(...(await filesIn(sftp, join(folder, name), kind)))
    }
    await Promise.all(Array.from({ length: FOLDERS_AT_ONCE }, worker))
    return found
  }

  return {
    address,
    where,
    put: (kind, name, parts) => on((sftp) => put(sftp, kind, name, parts)),
    read: (kind, name, range) =>
      on(async (sftp) => {
        const path = pathOf(kind, name)
        const content = await sftp.read(path, range).catch((error: unknown) => {
          throw isMissing(error) ? fileMissing(kind, name, { cause: error }) : error
        })
        if (!range || content.length === range.lengthBytes) return content
        throw fileTooShort(kind, name, await sftp.sizeOf(path), range)
      }),
    list: (kind) => on((sftp) => list(sftp, kind)),
    names: (kind) => on(async (sftp) => (await list(sftp, kind)).map(({ name }) => name)),
    hasFolder: (kind) =>
      on(async (sftp) => {
        const sizeBytes = await sftp.sizeOf(join(directory, folderOf(kind))).catch(noneWhereMissing)
        return typeof sizeBytes === 'number'
      }),
    remove: (kind, name) => on((sftp) => sftp.remove(pathOf(kind, name))),
    prepare: () => on((sftp) => makeFolders(sftp, directory, allFolders)),
    async close() {
      closing.abort()
      await (await session?.catch(() => undefined))?.[Symbol.asyncDispose]()
      session = undefined
    },
  }
}

async function filesIn(sftp: Sftp, folder: string, kind: FileKind): Promise<readonly StoredFile[]> {
  const files = await sftp.files(folder).catch(noneWhereMissing)
  return files.filter(({ name }) => isFileName(kind, name)).map(({ name, sizeBytes }) => ({ name, sizeBytes }))
}

/** The vault's own folder with all above it, then those in it. */
async function makeFolders(sftp: Sftp, directory: string, folders: readonly string[]): Promise<void> {
  const steps = directory.split('/').filter((step) => step !== '')
  const root = directory.startsWith('/') ? '/' : ''
  const above = steps.map((_, i) => `${root}${steps.slice(0, i + 1).join('/')}`)
  for (const folder of above) await sftp.makeFolder(folder, FOLDER_MODE)
  const isNested = (folder: string): boolean => folder.includes('/')
  for (const level of [folders.filter((folder) => !isNested(folder)), folders.filter(isNested)]) {
    await Promise.all(level.map((folder) => sftp.makeFolder(join(directory, folder), FOLDER_MODE)))
  }
}

const isMissing = (error: unknown): boolean => error instanceof SftpFailed && error.missing

function noneWhereMissing(error: unknown): readonly never[] {
  if (isMissing(error)) return []
  throw error
}
