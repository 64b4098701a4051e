// What Holdfast calls things inside QEMU. Whoever knows a run's name and a disk finds what the run made, without asking the run.
import { createHash } from 'node:crypto'
import { join } from 'node:path'

/** Node names have at most 31 characters (QEMU, block.c), so they hold a digest of the run's name and the disk. */
const nodeName = (kind: string, name: string, disk: string): string =>
  `hf-${kind}-${createHash('sha256').update(`${name}\n${disk}`).digest('hex').slice(0, 20)}`

export const isOurs = (node: string): boolean => node.startsWith('hf-')

export interface NodeNames {
  /** The file that old blocks are kept in, and its format. */
  readonly scratchFile: string
  readonly scratch: string
  /** Stands before the disk, and keeps what a guest overwrites. */
  readonly filter: string
  /** Reads as the disk did. */
  readonly access: string
  /** Of the job that makes the scratch file. */
  readonly job: string
}

export const nodesOf = (name: string, disk: string): NodeNames => ({
  scratchFile: nodeName('x', name, disk),
  scratch: nodeName('s', name, disk),
  filter: nodeName('f', name, disk),
  access: nodeName('a', name, disk),
  job: nodeName('j', name, disk),
})

/** Of the bitmap that holds what changed since the base. */
export const deltaOf = (name: string): string => `${name}.delta`

/** The run's name in what `deltaOf` gives; undefined where it is another bitmap. */
export const nameInDelta = (bitmap: string): string | undefined => before(bitmap, '.delta')

/** Of an NBD export, as QEMU knows it; clients know it by the disk. */
export const exportId = (name: string, disk: string): string => `${name}.${disk}`

export const nameInExport = (id: string, disk: string): string | undefined => before(id, `.${disk}`)

export const scratchPath = (directory: string, name: string, disk: string): string =>
  join(directory, `${name}.${encodeURIComponent(disk)}.qcow2`)

export const nameInScratch = (file: string, disk: string): string | undefined =>
  before(file, `.${encodeURIComponent(disk)}.qcow2`)

const before = (text: string, end: string): string | undefined =>
  text.length > end.length && text.endsWith(end) ? text.slice(0, -end.length) : undefined

/** Short, because the address of a unix socket has at most 107 bytes. */
export const socketPath = (directory: string, name: string): string => join(directory, `${nodeName('n', name, '')}.sock`)

/** Of the certificates that a server uses; its end is the port, which QEMU does not tell otherwise. */
export const certificatesId = (name: string, port?: number): string => `${nodeName('t', name, '')}-${port ?? ''}`

export const portIn = (id: string): number => Number(id.slice(id.lastIndexOf('-') + 1))
