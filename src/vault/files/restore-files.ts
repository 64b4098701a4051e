// Writes the files of a restore point back: content, owner, mode, extended attributes, times, links. What cannot be given back is told by path.
// Pipes, sockets and devices cannot be made from Node, and times are set to a quarter of a microsecond; `restic restore` does both fully.
import { constants } from 'node:fs'
import { chmod, type FileHandle, lchown, link, lstat, lutimes, mkdir, open, rm, symlink } from 'node:fs/promises'
import { fileTime } from '../../values/index.ts'
import { fileUnknown, targetFailed, VaultError } from '../codes.ts'
import { type FileProblems, fileProblemOf, gatherProblems, takesNoMore } from '../file-problems.ts'
import { goUnquote, ID_BYTES, type Metadata, type Node, release } from '../format/index.ts'
import { makeFolder } from '../make-folder.ts'
import { findForeign, findPoint } from '../points/index.ts'
import type { Repository } from '../repository/index.ts'
import { assertRoom, freeBytes } from '../target-room.ts'
import { writeSparse } from '../write-sparse.ts'
import { type AttributesToWrite, AttributesUnknown, keyOf, writeAttributes } from './attributes.ts'
import { modeToGive, rfc3339, secondsOf, unixMode } from './metadata.ts'
import { type FileNode, inodeOf, type Survey, surveyFiles, zerosAt } from './survey-files.ts'

export interface RestoreFilesRequest {
  /** A point of files, or a snapshot that another program made: of that, all that is in it. */
  readonly pointId: string
  /** Absolute; created where it is not there. What is there under the name of a file is replaced, all else stays. */
  readonly to: string
  /** Paths within the point, such as `letters/D/mail`, or patterns of them, as select-paths.ts has them; all of it by default. */
  readonly include?: readonly string[]
  /** Leave files alone that have the right size and time already: an earlier try restored them. */
  readonly resume?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: { readonly doneBytes: number; readonly totalBytes: number }) => void
}

export interface RestoredFiles {
  readonly files: number
  readonly folders: number
  readonly others: number
  readonly bytesWritten: number
  readonly problems: FileProblems
}

async function findFiles(
  repository: Repository,
  { pointId, include }: RestoreFilesRequest,
): Promise<{ readonly id: string; readonly treeId: string; readonly sizeBytes?: number }> {
  const foreign = await findForeign(repository, pointId)
  if (foreign) {
    const { id, tree: treeId, sizeBytes } = foreign
    return { id, treeId, ...(sizeBytes === undefined ? {} : { sizeBytes }) }
  }
  const { id, files, sizeBytes } = await findPoint(repository, pointId)
  if (!files) throw fileUnknown(id, include?.[0] ?? 'files')
  return { id, treeId: files.treeId, sizeBytes }
}

/** Where all of a point is restored that fits anyhow, no tree is read twice. */
async function survey(
  repository: Repository,
  { to, include, resume, signal }: RestoreFilesRequest,
  { treeId, sizeBytes }: { readonly treeId: string; readonly sizeBytes?: number },
): Promise<Pick<Survey, 'meant' | 'unmatched' | 'sizeBytes'>> {
  if (!include && sizeBytes !== undefined && sizeBytes <= (await freeBytes(to)))
    return { meant: () => 'yes', unmatched: [], sizeBytes }
  const isThereAlready = async (file: FileNode, path: string): Promise<boolean> =>
    resume === true && (await isThere(file, Buffer.from(`${to}/${path}`)))
  const found = await surveyFiles(repository, treeId, include, isThereAlready, signal)
  if (found.unmatched.length === 0) await assertRoom(to, found.neededBytes)
  return found
}

export async function restoreFiles(repository: Repository, request: RestoreFilesRequest): Promise<RestoredFiles> {
  const found = await findFiles(repository, request)
  const { signal } = request
  const { meant, unmatched, sizeBytes: totalBytes } = await survey(repository, request, found)
  const [missing] = unmatched
  if (missing !== undefined) throw fileUnknown(found.id, missing)
  await makeFolder(request.to)
  const problems = gatherProblems()
  const counts = { files: 0, folders: 0, others: 0, bytesWritten: 0 }
  const linked = new Map<string, Buffer>()
  let hasAttributes = true
  const mayOwn = process.getuid?.() === 0
  let doneBytes = 0

  async function restoreFolder(treeId: string, to: Buffer, inside: string, isMeant: boolean): Promise<void> {
    const later: Restored[] = []
    const names = new Set<string>()
    for (const node of await repository.readTree(treeId)) {
      signal?.throwIfAborted()
      const name = goUnquote(node.name)
      const path = name ? Buffer.concat([to, SLASH, name]) : to
      const within = inside === '' ? String(name) : `${inside}/${name}`
      try {
        if (!name || !isPlain(name)) throw new Error(`its name ${node.name} is none for a file`)
        const wanted = isMeant ? 'yes' : meant(within)
        if (wanted === 'no') continue
        // What one left to be done at its path would be done to the other, or to what that points to.
        if (names.has(node.name)) throw new Error('there are two of that name')
        names.add(node.name)
        const isRestored = await restoreNode(node, path, within, wanted === 'yes')
        if (isRestored && node.metadata) await putMetadata({ path, within, kind: node.kind, metadata: node.metadata }, later)
      } catch (error) {
        tell(within, error)
      }
    }
    if (later.length > 0) await putAttributes(later, inside)
  }

  function tell(within: string, error: unknown): void {
    signal?.throwIfAborted()
    if (takesNoMore(error)) throw targetFailed(error)
    // Of a folder inside.
    if (error instanceof VaultError && error.code === 'TARGET_FAILED') throw error
    problems.add(fileProblemOf(Buffer.from(within), error))
  }

  /** Answers whether it has no metadata yet. */
  async function restoreNode(node: Node, path: Buffer, within: string, isMeant: boolean): Promise<boolean> {
    switch (node.kind) {
      case 'dir':
        await placeFolder(path)
        await restoreFolder(node.subtree, path, within, isMeant)
        if (isMeant) counts.folders += 1
        return true
      case 'symlink':
        await rm(path, { force: true })
        await symlink(node.rawTarget === undefined ? node.target : Buffer.from(node.rawTarget, 'base64'), path)
        counts.others += 1
        return true
      case 'other':
        throw new Error(`it is a ${node.type}, which only \`restic restore\` makes`)
      case 'file': {
        const wrote = await restoreFile(node, path)
        counts.files += 1
        counts.bytesWritten += wrote ?? 0
        if (wrote === undefined) advance(node.sizeBytes)
        return wrote !== undefined
      }
      default: {
        const never: never = node
        throw new Error(`unknown node ${JSON.stringify(never)}`)
      }
    }
  }

  function advance(bytes: number): void {
    doneBytes += bytes
    request.onProgress?.({ doneBytes, totalBytes: Math.max(doneBytes, totalBytes) })
  }

  /** How much it wrote; undefined where the file was there, or under another name. */
  async function restoreFile(node: FileNode, path: Buffer): Promise<number | undefined> {
    const inode = inodeOf(node)
    const first = inode === undefined ? undefined : linked.get(inode)
    if (request.resume && (await isThere(node, path))) {
      if (inode !== undefined) linked.set(inode, first ?? path)
      return undefined
    }
    await rm(path, { force: true })
    if (first) {
      await link(first, path)
      return undefined
    }
    const wrote = await writeFile(node, path)
    if (inode !== undefined) linked.set(inode, path)
    return wrote
  }

  async function writeFile(node: FileNode, path: Buffer): Promise<number> {
    const file = await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600)
    try {
      return await writeContent(file, node)
    } catch (error) {
      await rm(path, { force: true })
      throw error
    } finally {
      await file.close()
    }
  }

  async function writeContent(file: FileHandle, { content, sizeBytes }: FileNode): Promise<number> {
    let at = 0
    let wrote = 0
    for (let blob = 0; blob < content.length; blob += ID_BYTES) {
      signal?.throwIfAborted()
      const zeroBytes = zerosAt(content, blob)
      const plain = zeroBytes > 0 ? NOTHING : await repository.readData(content.subarray(blob, blob + ID_BYTES))
      wrote += await writeSparse(file, plain, at)
      const lengthBytes = zeroBytes + plain.length
      at += lengthBytes
      release(plain)
      advance(lengthBytes)
    }
    if (at !== sizeBytes) throw new Error(`its content has ${at} bytes instead of ${sizeBytes}`)
    await file.truncate(sizeBytes)
    return wrote
  }

  /** Owner first, whose change weakens mode and capabilities. What has attributes goes on `later`, for one process to set them. */
  async function putMetadata(restored: Restored, later: Restored[]): Promise<void> {
    const { path, metadata } = restored
    if (mayOwn) await lchown(path, metadata.uid, metadata.gid)
    if (metadata.attributes?.length) later.push(restored)
    else await putModeAndTimes(restored)
  }

  /** Mode after attributes, which it may forbid to set; times last. */
  async function putModeAndTimes({ path, metadata, kind }: Restored): Promise<void> {
    const mode = unixMode(metadata.mode)
    if (kind !== 'symlink') await chmod(path, kind === 'file' ? modeToGive(mode, metadata.uid) : mode)
    await lutimes(path, fileTime(secondsOf(metadata.atime)), fileTime(secondsOf(metadata.mtime)))
  }

  async function putAttributes(files: readonly Restored[], folder: string): Promise<void> {
    try {
      const failed = hasAttributes ? await writeAttributes(files.map(attributesOf), signal) : NONE_FAILED
      for (const { path, within } of files) {
        const reason = failed.get(keyOf(path))
        if (reason !== undefined) tell(within, new Error(`extended attributes: ${reason}`))
      }
    } catch (error) {
      if (!(error instanceof AttributesUnknown)) tell(folder, error)
      else tell(folder, new Error(`no extended attributes are restored: ${error.message}`))
      hasAttributes &&= !(error instanceof AttributesUnknown)
    }
    for (const restored of files) await putModeAndTimes(restored).catch((error: unknown) => tell(restored.within, error))
  }

  await restoreFolder(found.treeId, Buffer.from(request.to), '', false)
  return { ...counts, problems: problems.all() }
}

interface Restored {
  readonly path: Buffer
  /** Within the point. */
  readonly within: string
  readonly kind: Node['kind']
  readonly metadata: Metadata
}

const NONE_FAILED: ReadonlyMap<string, string> = new Map()

const attributesOf = ({ path, metadata }: Restored): AttributesToWrite => ({ path, attributes: metadata.attributes ?? [] })

const SLASH = Buffer.from('/')
const NOTHING = Buffer.alloc(0)

const isPlain = (name: Buffer): boolean => {
  const text = name.toString('latin1')
  return text !== '' && text !== '.' && text !== '..' && !/[/\0]/.test(text)
}

async function placeFolder(path: Buffer): Promise<void> {
  const there = await lstat(path).catch(() => undefined)
  if (there?.isDirectory()) return
  if (there) await rm(path, { force: true })
  await mkdir(path, { mode: 0o700 })
}

/** Times come last, so a file that has them is whole. */
async function isThere({ sizeBytes, metadata }: FileNode, path: Buffer): Promise<boolean> {
  const about = await lstat(path, { bigint: true }).catch(() => undefined)
  if (!about?.isFile() || !metadata || about.size !== BigInt(sizeBytes)) return false
  return Math.abs(secondsOf(rfc3339(about.mtimeNs)) - secondsOf(metadata.mtime)) < 1e-6
}
