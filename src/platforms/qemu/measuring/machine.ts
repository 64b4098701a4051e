// The machine that the measuring guest runs in: a QEMU process, as it has to be started each time so that a saved state fits.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Json, JsonObject } from '../../../values/index.ts'
import { openMonitor } from '../monitor.ts'
import type { GuestImage } from './build.ts'

export const DISKS = ['data0', 'wal0'] as const
export type DiskName = (typeof DISKS)[number]
/** A saved state fits only disks of the size that it was saved with. */
export const DISK_BYTES = 64 * 2 ** 20

export interface Machine extends AsyncDisposable {
  /** A monitor that nobody else uses. */
  readonly monitorPath: string
  readonly agentPath: string
  /** Whoever connects hears a line from the guest after each of its synced writes; while nobody does, it makes none. */
  readonly beatsPath: string
  readonly folder: string
}

export interface MachineOptions {
  readonly name: string
  readonly uuid: string
  /** Image of each disk: `.raw`, or else qcow2. */
  readonly files: Readonly<Record<DiskName, string>>
  /** Joins its writer to that of another guest over a unix socket. The first one listens, so it is started first. */
  readonly link?: { readonly path: string; readonly role: 'first' | 'second' }
}

/** Software emulation on a machine that is busy with much else. */
const ANSWERS_MS = 600_000
const POLL_MS = 20

/** Resolves when somebody in the guest has opened the agent's port: after a boot, or at once where `state` is what was saved after one. */
export async function startMachine(folder: string, image: GuestImage, options: MachineOptions, state?: string): Promise<Machine> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const child = startQemu([...argumentsFor(folder, image, options), ...(state ? ['-incoming', `exec:cat ${state}`, '-S'] : [])])
  const exited = once(child, 'exit')
  const { monitorPath, agentPath, beatsPath } = socketsIn(folder)
  const machine: Machine = {
    monitorPath,
    agentPath,
    beatsPath,
    folder,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
  try {
    if (state) await untilLoaded(machine, child)
    await until(machine, child, 'query-chardev', agentIsThere)
    return machine
  } catch (error) {
    await machine[Symbol.asyncDispose]()
    throw error
  }
}

/** It ends with this process, however that ends. `through`: a command that starts it in surroundings of its making. */
export const startQemu = (args: readonly string[], through: readonly string[] = []): ChildProcess =>
  spawn('setpriv', ['--pdeathsig', 'KILL', ...through, 'qemu-system-x86_64', ...args], { stdio: ['ignore', 'ignore', 'inherit'] })

const socketsIn = (folder: string) => ({
  monitorPath: join(folder, 'monitor.sock'),
  agentPath: join(folder, 'agent.sock'),
  beatsPath: join(folder, 'beats.sock'),
})

/** Of its kernel. */
export const COMMAND_LINE = 'console=ttyS0 quiet panic=-1 nokaslr mitigations=off tsc=reliable no_timer_check'

export function argumentsFor(
  folder: string,
  { kernel, initrd }: GuestImage,
  { name, uuid, files, link }: MachineOptions,
): readonly string[] {
  const { monitorPath, agentPath, beatsPath } = socketsIn(folder)
  return [
    ...['-name', name, '-uuid', uuid, '-machine', 'pc', '-accel', 'tcg', '-cpu', 'max'],
    ...['-m', '128', '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-serial', `file:${join(folder, 'serial.log')}`, '-kernel', kernel, '-initrd', initrd],
    ...['-append', COMMAND_LINE],
    ...['-qmp', `unix:${monitorPath},server=on,wait=off`, '-device', 'virtio-serial-pci'],
    ...['-chardev', `socket,id=agent,path=${agentPath},server=on,wait=off`],
    ...['-device', 'virtserialport,id=agent0,chardev=agent,name=org.qemu.guest_agent.0'],
    ...['-chardev', `socket,id=beats,path=${beatsPath},server=on,wait=off`],
    ...['-device', 'virtserialport,id=beats0,chardev=beats,name=holdfast.beats'],
    ...(link ? linkArguments(link) : []),
    ...DISKS.flatMap((disk) => diskArguments(disk, files[disk])),
  ]
}

const linkArguments = ({ path, role }: NonNullable<MachineOptions['link']>): readonly string[] => [
  ...['-chardev', `socket,id=link,path=${path},${role === 'first' ? 'server=on,wait=off' : 'server=off,reconnect=1'}`],
  ...['-device', `virtserialport,id=link0,chardev=link,name=holdfast.${role}`],
]

function diskArguments(disk: DiskName, filename: string): readonly string[] {
  const driver = filename.endsWith('.raw') ? 'raw' : 'qcow2'
  const node = { driver, 'node-name': `${disk}-format`, file: { driver: 'file', filename } }
  return ['-blockdev', JSON.stringify(node), '-device', `virtio-blk-pci,drive=${disk}-format,id=${disk},serial=${disk}`]
}

async function untilLoaded(machine: Machine, child: ChildProcess): Promise<void> {
  await until(machine, child, 'query-status', (said) => (said as JsonObject).status !== 'inmigrate')
  await ask(machine.monitorPath, 'cont')
}

const agentIsThere = (said: Json): boolean =>
  (said as readonly JsonObject[]).some(({ label, 'frontend-open': isOpen }) => label === 'agent' && isOpen === true)

async function until(
  { monitorPath }: Machine,
  child: ChildProcess,
  command: string,
  isSo: (said: Json) => boolean,
): Promise<void> {
  const latest = performance.now() + ANSWERS_MS
  while (performance.now() < latest) {
    if (child.exitCode !== null) throw new Error(`QEMU ended with ${child.exitCode}`)
    const said = await ask(monitorPath, command).catch(() => undefined)
    if (said !== undefined && isSo(said)) return
    await sleep(POLL_MS)
  }
  throw new Error(`the measuring guest is not up: ${command}`)
}

export async function ask(monitorPath: string, command: string, args?: JsonObject): Promise<Json> {
  using monitor = await openMonitor(monitorPath, AbortSignal.timeout(60_000))
  return await monitor.ask(command, args)
}
