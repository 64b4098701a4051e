// What a file system says of one of its files.
import type { ListedFile } from '../../vault/index.ts'
import { type Guestfish, GuestfishError } from './guestfish.ts'

export interface About {
  readonly kind: ListedFile['kind']
  readonly sizeBytes: number
  /** What it takes in its file system: less than its size where it has holes. */
  readonly allocatedBytes: number
  /** Permissions alone. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Seconds since the epoch, with their fraction. */
  readonly atimeS: number
  readonly mtimeS: number
}

/** Undefined when there is no such file in the volume that is mounted. */
export async function aboutOf(fish: Guestfish, path: Buffer): Promise<About | undefined> {
  let output: Buffer
  try {
    output = await fish.ask('lstatns', path)
  } catch (error) {
    if (error instanceof GuestfishError && /No such file or directory|Not a directory/.test(error.message)) return undefined
    throw error
  }
  const fields = new Map([...output.toString().matchAll(/^st_(\w+): (-?\d+)$/gm)].map(([, name, value]) => [name, Number(value)]))
  const field = (name: string): number => fields.get(name) ?? 0
  return {
    kind: KINDS.get(field('mode') & 0o170000) ?? 'other',
    sizeBytes: field('size'),
    allocatedBytes: field('blocks') * BLOCK_BYTES,
    mode: field('mode') & 0o7777,
    uid: field('uid'),
    gid: field('gid'),
    atimeS: field('atime_sec') + field('atime_nsec') / 1e9,
    mtimeS: field('mtime_sec') + field('mtime_nsec') / 1e9,
  }
}

/** In which `st_blocks` counts, whatever the file system does; stat(2). */
const BLOCK_BYTES = 512

/** Source: inode(7), "The file type and mode". */
const KINDS: ReadonlyMap<number, About['kind']> = new Map([
  [0o040000, 'folder'],
  [0o100000, 'file'],
  [0o120000, 'link'],
])

/** Where a symbolic link points. */
export async function linkTarget(fish: Guestfish, path: Buffer): Promise<Buffer> {
  const output = await fish.ask('readlink', path)
  return output.subarray(0, -1)
}
