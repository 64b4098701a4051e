// What the simulated commands work on: a folder with VMs, their disks and volumes as true bytes, snapshots, and what is mounted.
// A VM in snapshot mode writes into a redo log beside its disks, which committing applies: as the product does.
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

export interface World {
  /** The VirtualCenter that the commands have to be told. */
  readonly server: string
  nextNumber: number
  readonly vms: SimulatedVm[]
  readonly mounts: SimulatedMount[]
  /** Every folder that was ever mounted. */
  readonly mounted: string[]
  /** What was asked for in a way that must not be; a line each. */
  readonly violations: string[]
}

export interface SimulatedVm {
  readonly moref: string
  readonly name: string
  readonly uuid: string
  readonly windows: boolean
  /** By what it is quiesced, and how that goes. */
  quiesces: 'vss' | 'sync' | 'none' | 'fails'
  /** The snapshot takes so long that the guest is not held until it stands. */
  snapshotIsSlow: boolean
  readonly disks: readonly { readonly node: string; readonly sizeBytes: number }[]
  /** Of a Windows guest; one without a letter cannot be seen by the proxy. */
  readonly volumes: readonly { readonly number: number; readonly letter?: string }[]
  readonly snapshots: { readonly id: string; readonly name: string }[]
  /** Made by vcbRestore. */
  readonly restored: boolean
}

export interface SimulatedMount {
  readonly folder: string
  readonly snapshotId: string
}

const WORLD = 'world.json'

export const loadWorld = (folder: string): World => JSON.parse(readFileSync(join(folder, WORLD), 'utf8')) as World

export function saveWorld(folder: string, world: World): void {
  writeFileSync(join(folder, `${WORLD}.new`), JSON.stringify(world, undefined, 1))
  renameSync(join(folder, `${WORLD}.new`), join(folder, WORLD))
}

const LOCK_MS = 10
/** Whoever holds the lock for longer was killed. */
const STALE_LOCK_MS = 20_000

/** Loads the world, changes it, saves it; one process at a time. */
export function changeWorld<T>(folder: string, change: (world: World) => T): T {
  const lock = join(folder, 'lock')
  while (!taken(lock)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_MS)
  try {
    const world = loadWorld(folder)
    const done = change(world)
    saveWorld(folder, world)
    return done
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

function taken(lock: string): boolean {
  try {
    mkdirSync(lock)
    return true
  } catch {
    const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs
    if (since !== undefined && Date.now() - since > STALE_LOCK_MS) rmSync(lock, { recursive: true, force: true })
    return false
  }
}

/** The bytes of a disk as they were when the oldest snapshot was taken; without one, as they are. */
export const diskFile = (folder: string, moref: string, node: string): string =>
  join(folder, 'vms', moref, `${node.replace(':', '-')}.raw`)

export const volumeFolder = (folder: string, moref: string, number: number): string =>
  join(folder, 'vms', moref, `volume-${number}`)

const redoFolder = (folder: string, moref: string): string => join(folder, 'vms', moref, 'redo')

// ---- what the guest does -------------------------------------------------------------------------------------------

export function writeDisk(folder: string, moref: string, node: string, offsetBytes: number, bytes: Uint8Array): void {
  const entry = { node, offsetBytes, base64: Buffer.from(bytes).toString('base64') }
  write(folder, moref, JSON.stringify(entry), () => applyToDisk(folder, moref, entry))
}

export function writeFile(folder: string, moref: string, volume: number, path: string, text: string): void {
  const entry = { volume, path, text }
  write(folder, moref, JSON.stringify(entry), () => applyToVolume(folder, moref, entry))
}

function write(folder: string, moref: string, entry: string, apply: () => void): void {
  const vm = loadWorld(folder).vms.find((each) => each.moref === moref)
  if (!vm || vm.snapshots.length === 0) return apply()
  const redo = redoFolder(folder, moref)
  mkdirSync(redo, { recursive: true })
  writeFileSync(join(redo, String(readdirSync(redo).length).padStart(8, '0')), entry)
}

interface DiskEntry {
  readonly node: string
  readonly offsetBytes: number
  readonly base64: string
}
interface VolumeEntry {
  readonly volume: number
  readonly path: string
  readonly text: string
}

function applyToDisk(folder: string, moref: string, { node, offsetBytes, base64 }: DiskEntry): void {
  const bytes = Buffer.from(base64, 'base64')
  const disk = openSync(diskFile(folder, moref, node), 'r+')
  writeSync(disk, bytes, 0, bytes.length, offsetBytes)
  closeSync(disk)
}

function applyToVolume(folder: string, moref: string, { volume, path, text }: VolumeEntry): void {
  const file = join(volumeFolder(folder, moref, volume), path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

/** Leaves snapshot mode: what was written since is committed to the disks. */
export function commitRedo(folder: string, moref: string): void {
  const redo = redoFolder(folder, moref)
  if (!existsSync(redo)) return
  for (const name of readdirSync(redo).toSorted()) {
    const entry = JSON.parse(readFileSync(join(redo, name), 'utf8')) as DiskEntry | VolumeEntry
    if ('node' in entry) applyToDisk(folder, moref, entry)
    else applyToVolume(folder, moref, entry)
  }
  rmSync(redo, { recursive: true })
}
