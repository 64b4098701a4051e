// A real QEMU without a guest: its own monitor writes to its disks as a guest would, through the device. Every write is remembered, so that
// a restored disk can be told to be of one moment.
import { type ChildProcess, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startQemu } from '../../../src/platforms/qemu/measuring/machine.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { type OwnMonitor, openOwnMonitor } from './own-monitor.ts'

export const DISKS = ['data0', 'wal0'] as const
export type DiskName = (typeof DISKS)[number]
export const DISK_BYTES = 8 * 2 ** 20
const WRITE_BYTES = 65_536

interface Write {
  readonly disk: DiskName
  readonly offsetBytes: number
  readonly fill: number
  /** The processors may have stood still: no guest writes then, and whoever stopped them may have one disk of before and one of after. */
  readonly untimely: boolean
}

export interface Machine extends Writing, AsyncDisposable {
  /** For Holdfast alone. */
  readonly monitorPath: string
  /** Another one, which a test may give Holdfast as well. */
  readonly secondMonitorPath: string
  /** Ends it as an operator does: what disks keep of their bitmaps is stored. */
  quit(): Promise<void>
  /** Saves it into a file, from which another one goes on; this one stands still from then on. */
  saveTo(file: string): Promise<void>
}

/** What writes to the disks of a QEMU, and remembers it. */
export interface Writing {
  /** Writes one block somewhere, as the guest. */
  write(): Promise<void>
  /** Writes all of a disk, as the guest; these writes are not remembered. */
  fill(disk: DiskName, byte: number): Promise<void>
  ask: OwnMonitor['ask']
  /** After how many of the writes both disks held these bytes, untimely writes apart; undefined where that never was. */
  momentOf(disks: Readonly<Record<DiskName, Buffer>>): number | undefined
  readonly writes: readonly Write[]
}

export interface MachineOptions {
  /** What was written to the disks before. */
  readonly before?: readonly Write[]
  readonly format?: 'qcow2' | 'raw'
  /** What holds the bytes of a disk, as QEMU's block driver takes it; default: a file in the folder. */
  readonly below?: (disk: DiskName) => JsonObject
  /** No file that QEMU writes to may be longer. */
  readonly maxFileBytes?: number
  /** The file that another one was saved into, on the same disks. */
  readonly from?: string
  /** What the names of its nodes begin with; default: nothing. */
  readonly prefix?: string
}

/** Starts it in a folder; disks that are there are used again, with what was written to them before. */
export async function startMachine(
  folder: string,
  seed: number,
  { before = [], format = 'qcow2', below, maxFileBytes, from, prefix = '' }: MachineOptions = {},
): Promise<Machine> {
  mkdirSync(folder, { recursive: true })
  const fileOf = (disk: DiskName): string => join(folder, `${disk}.${format}`)
  for (const file of below ? [] : DISKS.map(fileOf))
    if (!existsSync(file)) execFileSync('qemu-img', ['create', '-q', '-f', format, file, String(DISK_BYTES)])
  const nodes = DISKS.map((disk) => {
    const file = below?.(disk) ?? { driver: 'file', filename: fileOf(disk) }
    const [top, bottom] = [`${prefix}${disk}-format`, `${prefix}${disk}-file`]
    return { disk, node: { driver: format, 'node-name': top, file: { ...file, 'node-name': bottom } } }
  })
  const [monitorPath = '', secondMonitorPath = '', ownPath = ''] = MONITORS.map((name) => join(folder, `${name}.qmp`))
  rmSync(ownPath, { force: true })
  const through = maxFileBytes === undefined ? [] : limitedTo(maxFileBytes)
  const going = from === undefined ? [] : ['-incoming', `exec:cat ${from}`]
  const child = startQemu([...argumentsFor(nodes, [monitorPath, secondMonitorPath, ownPath]), ...going], through)
  const exited = once(child, 'exit')
  const own = await openWhenUp(ownPath, child)
  while (((await own.ask('query-status')) as JsonObject).status === 'inmigrate');

  return {
    ...writingTo(own, seed, before),
    monitorPath,
    secondMonitorPath,
    quit: async () => {
      await own.ask('quit').catch(() => {})
      await exited
    },
    saveTo: async (file) => {
      await own.ask('migrate', { uri: `exec:cat > ${file}` })
      for (let status: unknown; status !== 'completed'; ) {
        status = ((await own.ask('query-migrate')) as JsonObject).status
        if (status === 'failed') throw new Error('QEMU could not be saved')
      }
    },
    [Symbol.asyncDispose]: async () => {
      own[Symbol.dispose]()
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** Through a monitor of the test's own. `deviceOf`: the id of the device of a disk. */
export function writingTo(
  own: OwnMonitor,
  seed: number,
  before: readonly Write[] = [],
  deviceOf: (disk: DiskName) => string = (disk) => disk,
): Writing {
  const writeTo = async (disk: DiskName, fill: number, offsetBytes: number, lengthBytes: number): Promise<void> => {
    const device = `/machine/peripheral/${deviceOf(disk)}/virtio-backend`
    const line = `qemu-io -d ${device} "write -q -P ${fill} ${offsetBytes} ${lengthBytes}"`
    await own.ask('human-monitor-command', { 'command-line': line })
  }
  const writes: Write[] = [...before]
  let state = seed
  const random = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * below)
  }
  return {
    writes,
    ask: own.ask,
    write: async () => {
      const disk = DISKS[random(DISKS.length)] ?? 'data0'
      const offsetBytes = random(DISK_BYTES / WRITE_BYTES) * WRITE_BYTES
      const fill = 1 + random(255)
      const turns = own.turns()
      const index = writes.push({ disk, offsetBytes, fill, untimely: true }) - 1
      await writeTo(disk, fill, offsetBytes, WRITE_BYTES)
      writes[index] = { disk, offsetBytes, fill, untimely: turns % 2 === 1 || own.turns() !== turns }
    },
    fill: (disk, byte) => writeTo(disk, byte, 0, DISK_BYTES),
    momentOf: (disks) => momentOf(writes, disks),
  }
}

export async function openWhenUp(path: string, child?: ChildProcess): Promise<OwnMonitor> {
  for (;;) {
    try {
      return await openOwnMonitor(path)
    } catch (error) {
      if (child && (child.exitCode !== null || child.signalCode !== null)) throw error
      await sleep(20)
    }
  }
}

/** A write beyond that fails, as on a full disk, and ends nobody. */
const limitedTo = (bytes: number): readonly string[] => [
  'sh',
  '-c',
  'trap "" XFSZ; exec "$@"',
  'sh',
  'prlimit',
  `--fsize=${bytes}`,
]

const MONITORS = ['holdfast', 'second', 'own']

const argumentsFor = (
  nodes: readonly { readonly disk: DiskName; readonly node: JsonObject & { readonly 'node-name': string } }[],
  monitors: readonly string[],
): readonly string[] => [
  ...['-name', 'erp-db', '-uuid', '3f0b6f1e-6a52-4f0e-9c39-2b8c6c6d5a11', '-machine', 'pc', '-accel', 'tcg', '-m', '64'],
  ...['-nodefaults', '-no-user-config', '-display', 'none'],
  ...monitors.flatMap((path) => ['-qmp', `unix:${path},server=on,wait=off`]),
  ...nodes.flatMap(({ disk, node }) => [
    ...['-blockdev', JSON.stringify(node)],
    ...['-device', `virtio-blk-pci,drive=${node['node-name']},id=${disk}`],
  ]),
]

function momentOf(writes: readonly Write[], disks: Readonly<Record<DiskName, Buffer>>): number | undefined {
  const [first = [], second = []] = DISKS.map((disk) => momentsOf(writes, disk, disks[disk]))
  const pairs = first.flatMap((one) => second.map((other) => [Math.min(one, other), Math.max(one, other)] as const))
  const same = pairs.filter(([earlier, later]) => writes.slice(earlier, later).every(({ untimely }) => untimely))
  return same.length === 0 ? undefined : Math.max(...same.map(([, later]) => later))
}

/** After how many of all writes the disk held these bytes. */
function momentsOf(writes: readonly Write[], disk: DiskName, bytes: Buffer): readonly number[] {
  const then = Buffer.alloc(DISK_BYTES)
  let isThen = then.equals(bytes)
  const moments = isThen ? [0] : []
  for (const [index, write] of writes.entries()) {
    if (write.disk === disk) {
      then.fill(write.fill, write.offsetBytes, write.offsetBytes + WRITE_BYTES)
      isThen = then.equals(bytes)
    }
    if (isThen) moments.push(index + 1)
  }
  return moments
}
