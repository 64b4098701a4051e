// A real QEMU without a guest: its own monitor writes to its disks as a guest would, through the device. Every write is remembered, so that
// a restored disk can be told to be of one moment.
import { type ChildProcess, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startQemu } from '../../../src/platforms/qemu/measuring/machine.ts'
import { type Monitor, openMonitor } from '../../../src/platforms/qemu/monitor.ts'

export const DISKS = ['data0', 'wal0'] as const
export type DiskName = (typeof DISKS)[number]
export const DISK_BYTES = 8 * 2 ** 20
const WRITE_BYTES = 65_536

interface Write {
  readonly disk: DiskName
  readonly offsetBytes: number
  readonly fill: number
}

export interface Machine extends Writing, AsyncDisposable {
  /** For Holdfast alone. */
  readonly monitorPath: string
}

/** What writes to the disks of a QEMU, and remembers it. */
export interface Writing {
  /** Writes one block somewhere, as the guest. */
  write(): Promise<void>
  /** Writes all of a disk, as the guest; these writes are not remembered. */
  fill(disk: DiskName, byte: number): Promise<void>
  ask: Monitor['ask']
  /** After how many of the writes both disks held these bytes; undefined where that never was. */
  momentOf(disks: Readonly<Record<DiskName, Buffer>>): number | undefined
  readonly writes: readonly Write[]
}

export interface MachineOptions {
  /** What was written to the disks before. */
  readonly before?: readonly Write[]
  readonly format?: 'qcow2' | 'raw'
  /** No file that QEMU writes to may be longer. */
  readonly maxFileBytes?: number
}

/** Starts it in a folder; disks that are there are used again, with what was written to them before. */
export async function startMachine(
  folder: string,
  seed: number,
  { before = [], format = 'qcow2', maxFileBytes }: MachineOptions = {},
): Promise<Machine> {
  mkdirSync(folder, { recursive: true })
  for (const disk of DISKS) {
    const file = join(folder, `${disk}.${format}`)
    if (!existsSync(file)) execFileSync('qemu-img', ['create', '-q', '-f', format, file, String(DISK_BYTES)])
  }
  const [monitorPath, ownPath] = [join(folder, 'holdfast.qmp'), join(folder, 'own.qmp')]
  rmSync(ownPath, { force: true })
  const through = maxFileBytes === undefined ? [] : limitedTo(maxFileBytes)
  const child = startQemu(argumentsFor(folder, format, monitorPath, ownPath), through)
  const exited = once(child, 'exit')
  const own = await openWhenUp(ownPath, child)

  return {
    ...writingTo(own, seed, before),
    monitorPath,
    [Symbol.asyncDispose]: async () => {
      own[Symbol.dispose]()
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** Through a monitor of the test's own. `deviceOf`: the id of the device of a disk. */
export function writingTo(
  own: Monitor,
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
      writes.push({ disk, offsetBytes, fill })
      await writeTo(disk, fill, offsetBytes, WRITE_BYTES)
    },
    fill: (disk, byte) => writeTo(disk, byte, 0, DISK_BYTES),
    momentOf: (disks) => momentOf(writes, disks),
  }
}

export async function openWhenUp(path: string, child?: ChildProcess): Promise<Monitor> {
  for (;;) {
    try {
      return await openMonitor(path, new AbortController().signal)
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

const argumentsFor = (folder: string, format: string, monitorPath: string, ownPath: string): readonly string[] => [
  ...['-name', 'erp-db', '-uuid', '3f0b6f1e-6a52-4f0e-9c39-2b8c6c6d5a11', '-machine', 'pc', '-accel', 'tcg', '-m', '64'],
  ...['-nodefaults', '-no-user-config', '-display', 'none'],
  ...['-qmp', `unix:${monitorPath},server=on,wait=off`, '-qmp', `unix:${ownPath},server=on,wait=off`],
  ...DISKS.flatMap((disk) => {
    const file = { driver: 'file', 'node-name': `${disk}-file`, filename: join(folder, `${disk}.${format}`) }
    const node = { driver: format, 'node-name': `${disk}-format`, file }
    return ['-blockdev', JSON.stringify(node), '-device', `virtio-blk-pci,drive=${disk}-format,id=${disk}`]
  }),
]

function momentOf(writes: readonly Write[], disks: Readonly<Record<DiskName, Buffer>>): number | undefined {
  const then = Object.fromEntries(DISKS.map((disk) => [disk, Buffer.alloc(DISK_BYTES)])) as Record<DiskName, Buffer>
  const isNow = (): boolean => DISKS.every((disk) => then[disk].equals(disks[disk]))
  let moment = isNow() ? 0 : undefined
  for (const [index, { disk, offsetBytes, fill }] of writes.entries()) {
    then[disk].fill(fill, offsetBytes, offsetBytes + WRITE_BYTES)
    if (isNow()) moment = index + 1
  }
  return moment
}
