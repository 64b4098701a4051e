// A QEMU as far as backups go: devices, nodes, bitmaps, jobs, exports, and bytes that a guest goes on writing. It knows no protocol.
import type { Extent } from '../../../blocks/index.ts'
import { createSparseDisk, type SparseDisk, type SparseSnapshot } from '../../simulation/index.ts'

/** Of bitmaps. */
export const GRANULARITY_BYTES = 65_536

export interface Bitmap {
  readonly name: string
  readonly recording: boolean
  readonly persistent: boolean
  /** Numbers of the pieces that were written. */
  readonly dirty: Set<number>
}

export interface Node {
  readonly name: string
  readonly driver: string
  /** Path of the file at its bottom. */
  readonly filename: string
  readonly sizeBytes: number
  /** Of a disk's own format. */
  readonly content?: SparseDisk
  readonly bitmaps: Map<string, Bitmap>
  /** Nodes that it stands on. */
  readonly on: readonly string[]
  /** Of a filter: the disk as it was when a device was connected to it. */
  kept?: SparseSnapshot
}

export interface Drive {
  readonly device: string
  connected: string
}

export interface Job {
  readonly id: string
  readonly error?: string
}

export interface Export {
  readonly id: string
  readonly name: string
  readonly node: string
  readonly bitmaps: readonly { readonly node: string; readonly name: string }[]
}

export interface SimulatedMachine {
  readonly uuid: string
  readonly name: string
  status: 'running' | 'paused'
  readonly drives: Map<string, Drive>
  readonly nodes: Map<string, Node>
  readonly jobs: Map<string, Job>
  readonly exports: Map<string, Export>
  /** Where NBD is served. */
  serving?: { readonly path: string }
  /** A scratch that is full breaks the snapshots that need it. */
  scratchFull: boolean
  /** Why it has ended, against everybody's will. */
  aborted?: string
  /** How often the guest has written. */
  writes: number
}

export function createMachine(
  { name, uuid }: Pick<SimulatedMachine, 'name' | 'uuid'>,
  sizesBytes: readonly number[],
): SimulatedMachine {
  const machine: SimulatedMachine = {
    uuid,
    name,
    status: 'running',
    drives: new Map(),
    nodes: new Map(),
    jobs: new Map(),
    exports: new Map(),
    scratchFull: false,
    writes: 0,
  }
  for (const [index, sizeBytes] of sizesBytes.entries()) {
    const disk = `disk${index}`
    const filename = `/simulated/${name}/${disk}.qcow2`
    const content = createSparseDisk(sizeBytes)
    machine.nodes.set(disk, { name: disk, driver: 'qcow2', filename, sizeBytes, content, bitmaps: new Map(), on: [] })
    machine.drives.set(disk, { device: `/machine/peripheral/${disk}/virtio-backend`, connected: disk })
  }
  return machine
}

/** The node of a disk's own format below a node. */
export function baseOf(machine: SimulatedMachine, name: string): Node | undefined {
  const node = machine.nodes.get(name)
  if (!node || node.content) return node
  return baseOf(machine, node.on[0] ?? '')
}

/** A guest writes, unless it stands still. */
export function writeAsGuest(machine: SimulatedMachine): void {
  if (machine.status !== 'running') return
  const drives = [...machine.drives.values()]
  const drive = drives[machine.writes % drives.length]
  const base = drive && baseOf(machine, drive.connected)
  machine.writes += 1
  if (!base?.content) return
  const piece = (machine.writes * 7919) % Math.floor(base.sizeBytes / GRANULARITY_BYTES)
  base.content.write(piece * GRANULARITY_BYTES, Buffer.alloc(4096, machine.writes))
  for (const { recording, dirty } of base.bitmaps.values()) if (recording) dirty.add(piece)
}

/** Which pieces of a disk a bitmap has marked. */
export function extentsOf({ dirty }: Bitmap, offsetBytes: number, lengthBytes: number): Extent[] {
  const found: Extent[] = []
  for (let at = offsetBytes; at < offsetBytes + lengthBytes; ) {
    const piece = Math.floor(at / GRANULARITY_BYTES)
    const end = Math.min((piece + 1) * GRANULARITY_BYTES, offsetBytes + lengthBytes)
    found.push({ offsetBytes: at, lengthBytes: end - at, kind: dirty.has(piece) ? 'data' : 'unchanged' })
    at = end
  }
  return found
}
