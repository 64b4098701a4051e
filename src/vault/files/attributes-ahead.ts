// Reads extended attributes ahead of a walk through folders: a process takes longer to start than to read those of thousands of files.
// It takes folders in the order in which the walk enters them. What has changed between the two the next backup stores as it is then.
import { readdir } from 'node:fs/promises'
import { keyOf, type ReadAttributes, readAttributes } from './attributes.ts'

/** Files that one reading is about, and folders that it looks into, unless a single folder has more. */
const MOST_PATHS = 8192
const MOST_FOLDERS = 1024

export interface AttributesAhead {
  /** Resolves when those of the folder's children are being read. */
  of(folder: Buffer, children: readonly Buffer[]): Promise<{ readonly reading: Promise<ReadAttributes> }>
}

interface Batch {
  readonly folders: ReadonlySet<string>
  readonly paths: ReadonlySet<string>
  readonly reading: Promise<ReadAttributes>
}

export function attributesAhead(signal?: AbortSignal): AttributesAhead {
  let batch: Batch | undefined

  return {
    async of(folder, children) {
      if (!batch?.folders.has(keyOf(folder))) batch = await startBatch(folder, signal)
      const { paths, reading } = batch
      const others = children.filter((child) => !paths.has(keyOf(child)))
      return { reading: others.length === 0 ? reading : watched(both(reading, readAttributes(others, signal))) }
    },
  }
}

async function startBatch(folder: Buffer, signal?: AbortSignal): Promise<Batch> {
  const folders = new Set<string>()
  const paths: Buffer[] = []

  async function lookInto(path: Buffer): Promise<void> {
    if (folders.size > 0 && (paths.length >= MOST_PATHS || folders.size >= MOST_FOLDERS)) return
    signal?.throwIfAborted()
    // One that cannot be looked into is told of by the walk.
    const entries = await readdir(path, { encoding: 'buffer', withFileTypes: true }).catch(() => [])
    const children = entries
      .toSorted((a, b) => Buffer.compare(a.name, b.name))
      .map((entry) => ({ isFolder: entry.isDirectory(), path: childOf(path, entry.name) }))
    folders.add(keyOf(path))
    for (const child of children) paths.push(child.path)
    for (const child of children) if (child.isFolder) await lookInto(child.path)
  }
  await lookInto(folder)
  return { folders, paths: new Set(paths.map(keyOf)), reading: watched(readAttributes(paths, signal)) }
}

/** Its failure is told when it is looked at. */
function watched<T>(reading: Promise<T>): Promise<T> {
  reading.catch(() => {})
  return reading
}

const both = async (one: Promise<ReadAttributes>, other: Promise<ReadAttributes>): Promise<ReadAttributes> => {
  const [a, b] = await Promise.all([one, other])
  return { found: new Map([...a.found, ...b.found]), failed: new Map([...a.failed, ...b.failed]) }
}

const childOf = (folder: Buffer, name: Buffer): Buffer => Buffer.concat([folder, Buffer.from('/'), name])
