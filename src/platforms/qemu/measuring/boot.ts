// Starts the measuring guest under QEMU, in software: no rights and no processor support are needed.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Json, JsonObject } from '../../../values/index.ts'
import { openMonitor } from '../monitor.ts'
import { buildGuest } from './build.ts'

const run = promisify(execFile)

export const DISKS = ['data0', 'wal0'] as const
export type DiskName = (typeof DISKS)[number]
const DISK_BYTES = 64 * 2 ** 20
/** Software emulation on a busy machine. */
const BOOT_MS = 180_000

export interface Guest extends AsyncDisposable {
  /** A monitor that nobody else uses. */
  readonly monitorPath: string
  readonly agentPath: string
  /** Whoever connects hears a line from the guest after each of its synced writes; while nobody does, it makes none. */
  readonly beatsPath: string
  readonly folder: string
}

/** Two empty disks with a file system each, as a guest finds them. */
export async function makeDisks(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const disk of DISKS) {
    const [raw, file] = [join(folder, `${disk}.raw`), join(folder, `${disk}.qcow2`)]
    await using made = await open(raw, 'w', 0o600)
    await made.truncate(DISK_BYTES)
    await run('mke2fs', ['-q', '-F', '-t', 'ext4', '-m', '0', raw])
    await run('qemu-img', ['convert', '-O', 'qcow2', raw, file])
    await rm(raw)
  }
}

export interface BootOptions {
  readonly writes: boolean
  /** Images of disks; default `<disk>.qcow2` of the folder. */
  readonly files?: Readonly<Partial<Record<DiskName, string>>>
  /** Default: `measured`, with a UUID of its own. */
  readonly vm?: { readonly name: string; readonly uuid: string }
  /** Joins its writer to that of another guest over a unix socket. The first one listens, so it is booted first. */
  readonly link?: { readonly path: string; readonly role: 'first' | 'second' }
}

const MEASURED = { name: 'measured', uuid: '8e1d4d0c-5a3b-4a0e-8f57-6b9a1c2d3e4f' }

/** Boots from disks of the folder; resolves when the agent answers. */
export async function bootGuest(
  folder: string,
  { writes, files = {}, vm: { name, uuid } = MEASURED, link }: BootOptions,
): Promise<Guest> {
  const { kernel, initrd } = await buildGuest()
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const [monitorPath = '', agentPath = '', beatsPath = ''] = ['monitor', 'agent', 'beats'].map((name) =>
    join(folder, `${name}.sock`),
  )
  const disks = DISKS.flatMap((disk) => {
    const filename = files[disk] ?? join(folder, `${disk}.qcow2`)
    const driver = filename.endsWith('.raw') ? 'raw' : 'qcow2'
    const node = { driver, 'node-name': `${disk}-format`, file: { driver: 'file', filename } }
    return ['-blockdev', JSON.stringify(node), '-device', `virtio-blk-pci,drive=${disk}-format,id=${disk},serial=${disk}`]
  })
  const words = `quiet panic=-1 nokaslr mitigations=off tsc=reliable no_timer_check${writes ? '' : ' nowriter'} `
  const args = [
    ...['-name', name, '-uuid', uuid, '-machine', 'pc', '-accel', 'tcg', '-cpu', 'max'],
    ...['-m', '128', '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...[
      '-serial',
      `file:${join(folder, 'serial.log')}`,
      '-kernel',
      kernel,
      '-initrd',
      initrd,
      '-append',
      `console=ttyS0 ${words}`,
    ],
    ...['-qmp', `unix:${monitorPath},server=on,wait=off`, '-device', 'virtio-serial-pci'],
    ...['-chardev', `socket,id=agent,path=${agentPath},server=on,wait=off`],
    ...['-device', 'virtserialport,id=agent0,chardev=agent,name=org.qemu.guest_agent.0'],
    ...['-chardev', `socket,id=beats,path=${beatsPath},server=on,wait=off`],
    ...['-device', 'virtserialport,id=beats0,chardev=beats,name=holdfast.beats'],
    ...(link ? linkArguments(link) : []),
    ...disks,
  ]
  const child = startQemu(args)
  const exited = once(child, 'exit')
  const guest = {
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
    await untilAgentAnswers(guest, child)
    return guest
  } catch (error) {
    await guest[Symbol.asyncDispose]()
    throw error
  }
}

const linkArguments = ({ path, role }: NonNullable<BootOptions['link']>): readonly string[] => [
  ...['-chardev', `socket,id=link,path=${path},${role === 'first' ? 'server=on,wait=off' : 'server=off,reconnect=1'}`],
  ...['-device', `virtserialport,id=link0,chardev=link,name=holdfast.${role}`],
]

/** It ends with this process, however that ends. */
export const startQemu = (args: readonly string[]): ChildProcess =>
  spawn('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...args], { stdio: ['ignore', 'ignore', 'inherit'] })

/** QEMU knows when somebody in the guest has opened the agent's port. */
async function untilAgentAnswers({ monitorPath }: Guest, child: { readonly exitCode: number | null }): Promise<void> {
  for (let waited = 0; waited < BOOT_MS; waited += 100) {
    if (child.exitCode !== null) throw new Error(`QEMU ended with ${child.exitCode}`)
    await sleep(100)
    const chardevs = await ask(monitorPath, 'query-chardev').catch(() => [])
    const agent = (chardevs as readonly JsonObject[]).find(({ label }) => label === 'agent')
    if (agent && agent['frontend-open'] === true) return
  }
  throw new Error('the agent of the measuring guest does not answer')
}

export async function ask(monitorPath: string, command: string): Promise<Json> {
  using monitor = await openMonitor(monitorPath, AbortSignal.timeout(5000))
  return await monitor.ask(command)
}
