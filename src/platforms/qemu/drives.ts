// The disks of a running QEMU, as its monitor tells: which node a device reads and writes, and which change-tracking bitmaps it has.
import { isObject, type Json, type JsonObject } from '../../values/index.ts'
import type { Monitor } from './monitor.ts'
import { isOurs } from './names.ts'

export interface Bitmap {
  readonly name: string
  /** Holds all that changed since it was made: it records, nobody else uses it, it is in one place, and no crash has spoilt it. */
  readonly usable: boolean
  /** By a crash: it can only be removed. */
  readonly spoilt: boolean
}

export interface Drive {
  /** The device's id: it stays the same as long as the VM is configured so. */
  readonly disk: string
  /** Path of the device in QEMU's object model. */
  readonly device: string
  /** What holds the disk's bytes. */
  readonly node: string
  /** What the device is connected to now: the node, or a filter before it. */
  readonly connected: string
  readonly sizeBytes: number
  readonly format: string
  readonly bitmaps: readonly Bitmap[]
}

export interface Drives {
  readonly drives: readonly Drive[]
  readonly leftOut: readonly { readonly disk: string; readonly reason: string }[]
  /** Names of all nodes, those of no device too, each with the names of its bitmaps. */
  readonly nodes: ReadonlyMap<string, ReadonlySet<string>>
  /** The devices as QEMU lists them. */
  readonly blocks: Json
}

/** What can hold bytes by itself, below a format. */
const PROTOCOLS = ['file', 'host_device', 'nbd', 'rbd', 'iscsi', 'https', 'http', 'blkdebug']

export async function drivesOf(monitor: Monitor): Promise<Drives> {
  const nodes = objectsOf(await monitor.ask('query-named-block-nodes', { flat: true }))
  const drives: Drive[] = []
  const leftOut: { disk: string; reason: string }[] = []
  const blocks = await monitor.ask('query-block')
  for (const { qdev, inserted } of objectsOf(blocks)) {
    if (typeof qdev !== 'string' || qdev === '') continue
    const disk = /\/peripheral\/([^/]+)/.exec(qdev)?.[1] ?? qdev
    if (!isObject(inserted)) leftOut.push({ disk, reason: 'no medium' })
    else if (inserted.ro === true) leftOut.push({ disk, reason: 'read-only' })
    else drives.push(driveOf(disk, qdev, inserted, nodes))
  }
  return {
    drives: withoutCarried(drives, nodes),
    leftOut,
    nodes: new Map(nodes.map((node) => [String(node['node-name']), new Set(bitmapsOn(node))])),
    blocks,
  }
}

/**
 * Where libvirt puts an overlay on a disk it makes bitmaps of the same names there, which record from then on; what they held before stays
 * below. So neither of the two has all that changed. (libvirt, qemuSnapshotDiskBitmapsPropagate)
 */
function withoutCarried(drives: readonly Drive[], nodes: readonly JsonObject[]): readonly Drive[] {
  const above = new Set(drives.map(({ node }) => node))
  const inner = nodes.filter((node) => !above.has(String(node['node-name'])))
  const below = new Set(inner.flatMap(bitmapsOn))
  const asFound = (bitmap: Bitmap): Bitmap => (below.has(bitmap.name) ? { ...bitmap, usable: false } : bitmap)
  // A node that no disk stands on may be of a device that was unplugged. (`backing_file_depth` is 0 for all where a flat list was asked for.)
  const stacked = new Set(nodes.filter(({ backing_file }) => backing_file !== undefined).map((node) => node['node-name']))
  return drives.map((drive) => (stacked.has(drive.node) ? { ...drive, bitmaps: drive.bitmaps.map(asFound) } : drive))
}

function driveOf(disk: string, device: string, inserted: JsonObject, nodes: readonly JsonObject[]): Drive {
  const connected = String(inserted['node-name'])
  const node = isOurs(connected) ? behind(inserted, nodes) : nodes.find((each) => each['node-name'] === connected)
  if (!node) throw new Error(`QEMU lists ${connected} of ${disk}, and no such node`)
  const image = isObject(node.image) ? node.image : {}
  return {
    disk,
    device,
    node: String(node['node-name']),
    connected,
    sizeBytes: Number(image['virtual-size'] ?? 0),
    format: String(node.drv),
    bitmaps: objectsOf(node['dirty-bitmaps'] ?? []).flatMap(bitmapOf),
  }
}

/** What a filter of ours stands before: the node of the same file that is not ours and, where there are several, the format. */
function behind({ file }: JsonObject, nodes: readonly JsonObject[]): JsonObject | undefined {
  const candidates = nodes.filter((node) => node.file === file && !isOurs(String(node['node-name'])))
  return candidates.find(({ drv }) => !PROTOCOLS.includes(String(drv))) ?? candidates[0]
}

const bitmapsOn = (node: JsonObject): readonly string[] =>
  objectsOf(node['dirty-bitmaps'] ?? []).map(({ name }) => String(name ?? ''))

/** Those of jobs have no name. */
function bitmapOf({ name, recording, busy, inconsistent }: JsonObject): readonly Bitmap[] {
  if (typeof name !== 'string' || name === '') return []
  const spoilt = inconsistent === true
  return [{ name, usable: recording === true && busy !== true && !spoilt, spoilt }]
}

export const objectsOf = (value: Json): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : [])

/** Of all devices, and of those that a resource was made for: one may have been unplugged since. */
export function disksOf({ disks = [] }: JsonObject, drives: readonly Drive[]): readonly string[] {
  const madeFor = Array.isArray(disks) ? disks.map((each) => String(isObject(each) ? each.disk : each)) : []
  return [...new Set([...drives.map(({ disk }) => disk), ...madeFor])]
}
