// Stores folders as trees of files: reads what changed since a base, takes over what did not. It commits nothing.
// F1: whatever is below a folder is in its tree or among the problems. F2: memory is bounded by one chunk and the names of the folders on the way down.
// F3: a file is taken over only where restic would: size, both times and inode are the same, and all its blobs are there.
import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, lstat, open, readdir, readlink } from 'node:fs/promises'
import { FileChanged, type FileProblem, fileProblemOf } from '../file-problems.ts'
import { CHUNK_BYTES, encodeTree, goQuote, ID_BYTES, type Metadata, type Node } from '../format/index.ts'
import type { FileCounts, FolderToStore } from '../points/index.ts'
import type { Repository } from '../repository/index.ts'
import { AttributesUnknown, keyOf, type ReadAttributes, readAttributes } from './attributes.ts'
import { attributesAhead } from './attributes-ahead.ts'
import { metadataOf, type OwnerNames, ownerNames, typeOf } from './metadata.ts'

export interface StoreFolders {
  readonly folders: readonly FolderToStore[]
  /** The tree that unchanged files are taken over from: the same names with the content of another time. */
  readonly baseTree?: string
  readonly signal?: AbortSignal
  /** Bytes of files that were read or taken over. */
  readonly onProgress?: (doneBytes: number) => void
  readonly onProblem: (problem: FileProblem) => void
}

/** Packs become findable after so many new bytes, so that the next try does not store them again. */
const SYNC_BYTES = 1024 ** 3

export interface StoredFolders {
  readonly treeId: string
  readonly counts: FileCounts
  /** False where this machine has no program for them: told once, as a problem of the first folder. */
  readonly hasAttributes: boolean
}

/** Answers the tree in which the folders stand by their names. Durable after the repository's `sync`. */
export async function storeFolders(repository: Repository, request: StoreFolders): Promise<StoredFolders> {
  const [users, groups] = [await ownerNames('/etc/passwd'), await ownerNames('/etc/group')]
  const walk = createWalk(repository, request, users, groups)
  const base = request.baseTree === undefined ? NOTHING : await readBase(repository, request.baseTree)
  const treeId = await storeNamed(
    request.folders.map(({ name, path }) => ({ names: name.split('/'), path: Buffer.from(path) })),
    base,
  )
  return { treeId, counts: walk.counts, hasAttributes: walk.hasAttributes() }

  /** The tree of the folders whose names begin alike so far. */
  async function storeNamed(folders: readonly NamedFolder[], known: Base): Promise<string> {
    const first = Map.groupBy(folders, ({ names }) => names[0] ?? '')
    const nodes: Node[] = []
    for (const name of [...first.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
      const quoted = goQuote(Buffer.from(name))
      const [folder, ...others] = first.get(name) ?? []
      const before = known.get(quoted)
      if (folder && others.length === 0 && folder.names.length === 1) {
        const node = await walk.storeRoot(quoted, folder.path, before)
        if (node) nodes.push(node)
        continue
      }
      const inside = (first.get(name) ?? []).map(({ names, path }) => ({ names: names.slice(1), path }))
      const subtree = await storeNamed(inside, before?.kind === 'dir' ? await readBase(repository, before.subtree) : NOTHING)
      nodes.push({ kind: 'dir', name: quoted, subtree })
    }
    return await walk.saveTree(nodes)
  }
}

interface NamedFolder {
  readonly names: readonly string[]
  readonly path: Buffer
}

/** Nodes of the base's folder, by their names in the tree. */
type Base = ReadonlyMap<string, Node>
const NOTHING: Base = new Map()

/** A base that cannot be read is as good as none: then everything is read. */
async function readBase(repository: Repository, treeId: string): Promise<Base> {
  const nodes = await repository.readTree(treeId).catch(() => [])
  return new Map(nodes.map((node) => [node.name, node]))
}

function createWalk(repository: Repository, request: StoreFolders, users: OwnerNames, groups: OwnerNames) {
  const { signal } = request
  const counts = { files: 0, folders: 0, others: 0, unchanged: 0, sizeBytes: 0, bytesRead: 0, bytesStored: 0 }
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  let doneBytes = 0
  let unsyncedBytes = 0
  let hasAttributes = true
  const ahead = attributesAhead(signal)

  function report(path: Buffer, error: unknown): undefined {
    request.onProblem(fileProblemOf(path, error))
  }

  async function save(type: 'data' | 'tree', plain: Buffer): Promise<Buffer> {
    const { id, storedBytes } = await repository.save(type, plain)
    counts.bytesStored += storedBytes
    unsyncedBytes += storedBytes
    if (unsyncedBytes >= SYNC_BYTES) {
      unsyncedBytes = 0
      await repository.sync()
    }
    return id
  }

  const saveTree = async (nodes: readonly Node[]): Promise<string> => (await save('tree', encodeTree(nodes))).toString('hex')

  async function storeRoot(name: string, path: Buffer, before: Node | undefined): Promise<Node | undefined> {
    const about = await lookAt(path)
    if (!about?.isDirectory()) return about && report(path, new Error('it is not a folder'))
    const node = await storeFolder(name, path, about, before)
    if (!node) return undefined
    const [withOwn] = await withAttributes([{ path, node }], path, hasAttributes ? readAttributes([path], signal) : NO_ATTRIBUTES)
    return withOwn
  }

  async function lookAt(path: Buffer): Promise<BigIntStats | undefined> {
    try {
      return await lstat(path, { bigint: true })
    } catch (error) {
      return report(path, error)
    }
  }

  async function storeFolder(
    name: string,
    path: Buffer,
    about: BigIntStats,
    before: Node | undefined,
  ): Promise<Node | undefined> {
    let names: Buffer[]
    try {
      names = await readdir(path, { encoding: 'buffer' })
    } catch (error) {
      return report(path, error)
    }
    const base = before?.kind === 'dir' ? await readBase(repository, before.subtree) : NOTHING
    const children = names.sort(Buffer.compare).map((child) => ({ child, childPath: Buffer.concat([path, SLASH, child]) }))
    const paths = children.map(({ childPath }) => childPath)
    const attributes = hasAttributes ? await ahead.of(path, paths) : { reading: NO_ATTRIBUTES }
    const found: FoundNode[] = []
    for (const { child, childPath } of children) {
      const node = await storeNode(child, childPath, base)
      if (node) found.push({ path: childPath, node })
    }
    counts.folders += 1
    const subtree = await saveTree(await withAttributes(found, path, attributes.reading))
    return { kind: 'dir', name, metadata: metadataOf(about, users, groups), subtree }
  }

  async function withAttributes(
    nodes: readonly FoundNode[],
    folder: Buffer,
    reading: Promise<ReadAttributes>,
  ): Promise<readonly Node[]> {
    const { found, failed } = await reading.catch((error): ReadAttributes => {
      signal?.throwIfAborted()
      if (!(error instanceof AttributesUnknown)) report(folder, error)
      else if (hasAttributes) {
        hasAttributes = false
        report(folder, new Error(`no extended attributes are stored: ${error.message}`))
      }
      return { found: new Map(), failed: new Map() }
    })
    return nodes.map(({ path, node }) => {
      const key = keyOf(path)
      const reason = failed.get(key)
      if (reason !== undefined) report(path, new Error(`extended attributes: ${reason}`))
      const attributes = found.get(key)
      return attributes && node.metadata ? { ...node, metadata: { ...node.metadata, attributes } } : node
    })
  }

  async function storeNode(bytes: Buffer, path: Buffer, base: Base): Promise<Node | undefined> {
    signal?.throwIfAborted()
    const about = await lookAt(path)
    if (!about) return undefined
    const name = goQuote(bytes)
    const type = typeOf(Number(about.mode))
    if (type === undefined) return report(path, new Error('it is of a kind that cannot be stored'))
    if (type === 'dir') return await storeFolder(name, path, about, base.get(name))
    if (type === 'file') return await storeFile(name, path, about, base.get(name))
    const metadata = metadataOf(about, users, groups)
    if (type === 'symlink') return await storeLink(name, path, metadata)
    counts.others += 1
    return {
      kind: 'other',
      name,
      metadata,
      type,
      ...(type === 'dev' || type === 'chardev' ? { device: String(about.rdev) } : {}),
    }
  }

  async function storeLink(name: string, path: Buffer, metadata: Metadata): Promise<Node | undefined> {
    try {
      const bytes = await readlink(path, { encoding: 'buffer' })
      const target = bytes.toString()
      counts.others += 1
      const rawTarget = Buffer.from(target).equals(bytes) ? {} : { rawTarget: bytes.toString('base64') }
      return { kind: 'symlink', name, metadata, target, ...rawTarget }
    } catch (error) {
      return report(path, error)
    }
  }

  async function storeFile(name: string, path: Buffer, about: BigIntStats, before: Node | undefined): Promise<Node | undefined> {
    const metadata = metadataOf(about, users, groups)
    if (before?.kind === 'file' && isUnchanged(before, metadata, about.size) && isStored(repository, before.content)) {
      counts.unchanged += 1
      advance(before.sizeBytes)
      return counted({ kind: 'file', name, metadata, sizeBytes: before.sizeBytes, content: before.content })
    }
    let file: FileHandle
    try {
      // Not through a link, nor waiting for a pipe's other end: it may have been replaced since it was looked at.
      file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    } catch (error) {
      return report(path, error)
    }
    try {
      return counted(await readWhole(file, name, path))
    } finally {
      await file.close()
    }
  }

  async function readWhole(file: FileHandle, name: string, path: Buffer): Promise<Node | undefined> {
    const about = await file.stat({ bigint: true })
    if (!about.isFile()) return report(path, CHANGED)
    const ids: Buffer[] = []
    let sizeBytes = 0
    for (;;) {
      signal?.throwIfAborted()
      let lengthBytes: number
      try {
        lengthBytes = await fill(file, chunk)
      } catch (error) {
        return report(path, error)
      }
      if (lengthBytes === 0) break
      ids.push(await save('data', chunk.subarray(0, lengthBytes)))
      sizeBytes += lengthBytes
      counts.bytesRead += lengthBytes
      advance(lengthBytes)
    }
    const after = await file.stat({ bigint: true })
    if (after.size !== BigInt(sizeBytes) || after.mtimeNs !== about.mtimeNs || after.ctimeNs !== about.ctimeNs)
      report(path, CHANGED)
    return { kind: 'file', name, metadata: metadataOf(about, users, groups), sizeBytes, content: Buffer.concat(ids) }
  }

  function advance(bytes: number): void {
    doneBytes += bytes
    request.onProgress?.(doneBytes)
  }

  function counted(node: Node | undefined): Node | undefined {
    if (node?.kind !== 'file') return undefined
    counts.files += 1
    counts.sizeBytes += node.sizeBytes
    return node
  }

  return { storeRoot, saveTree, counts: counts as FileCounts, hasAttributes: () => hasAttributes }
}

interface FoundNode {
  readonly path: Buffer
  readonly node: Node
}

const NO_ATTRIBUTES: Promise<ReadAttributes> = Promise.resolve({ found: new Map(), failed: new Map() })

const SLASH = Buffer.from('/')
const CHANGED = new FileChanged('it was changed while it was read')

/** As much as there is, up to the buffer's length. */
async function fill(file: FileHandle, into: Buffer): Promise<number> {
  let done = 0
  while (done < into.length) {
    const { bytesRead } = await file.read(into, done, into.length - done, null)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return done
}

const isUnchanged = ({ sizeBytes, metadata }: Extract<Node, { kind: 'file' }>, now: Metadata, size: bigint): boolean =>
  metadata !== undefined &&
  BigInt(sizeBytes) === size &&
  metadata.mtime === now.mtime &&
  metadata.ctime === now.ctime &&
  metadata.inode === now.inode

function isStored(repository: Repository, ids: Buffer): boolean {
  for (let at = 0; at < ids.length; at += ID_BYTES) if (!repository.data.locate(ids, at)) return false
  return true
}
