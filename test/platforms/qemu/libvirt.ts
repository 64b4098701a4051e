// A libvirt of the test's own, as an ordinary user's: its sockets, its settings and its VMs are in a folder, and the machine's own libvirt is
// not asked. Root starts it as nobody, for libvirt would take root for the machine's own.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { JsonObject } from '../../../src/values/index.ts'
import { peer } from '../../peers/peer.ts'
import { spawnWatched } from '../../peers/watched.ts'
import type { Office } from './office.ts'

export const hasLibvirt = [
  peer('libvirtd', 'libvirt-daemon'),
  peer('virsh', 'libvirt-clients'),
  peer('qemu-system-x86_64', 'qemu-system-x86'),
  peer('qemu-img', 'qemu-utils'),
  peer('setpriv', 'util-linux'),
].every(Boolean)

const NOBODY = 65_534

export interface Libvirt extends AsyncDisposable {
  readonly uri: string
  /** Answers what it printed; rejects with what it complained of. */
  virsh(...args: readonly string[]): Promise<string>
  /** As an update of the package does: the VMs run on. */
  restart(): Promise<void>
}

const run = promisify(execFile)

export async function startLibvirt(folder: string): Promise<Libvirt> {
  const at = Object.fromEntries(['run', 'config', 'cache', 'data'].map((name) => [name, join(folder, name)]))
  const { run: sockets = '', config = '', cache = '', data = '' } = at
  const settings = join(config, 'libvirt')
  for (const each of [folder, sockets, config, cache, data, settings]) mkdirSync(each, { recursive: true, mode: 0o700 })
  writeFileSync(join(settings, 'qemu.conf'), 'stdio_handler = "file"\nsecurity_driver = "none"\n')
  writeFileSync(join(folder, 'libvirtd.conf'), `unix_sock_dir = "${sockets}"\n`)
  giveAway(folder, sockets, config, cache, data, settings)
  const env = {
    PATH: `${process.env.PATH}:/usr/sbin:/sbin`,
    HOME: folder,
    ...{ XDG_RUNTIME_DIR: sockets, XDG_CONFIG_HOME: config, XDG_CACHE_HOME: cache, XDG_DATA_HOME: data },
  }
  const uri = `qemu:///session?socket=${join(sockets, 'libvirt-sock')}`
  const virsh = async (...args: readonly string[]): Promise<string> =>
    (await run('virsh', ['--quiet', `--connect=${uri}`, ...args], { env: { ...env, LC_ALL: 'C' } })).stdout
  const start = async (): Promise<ChildProcess> => {
    const daemon = spawnWatched('libvirtd', ['--config', join(folder, 'libvirtd.conf')], { ...asNobody, env, stdio: 'ignore' })
    for (;;) {
      const answers = await virsh('version').then(
        () => true,
        () => false,
      )
      if (answers) return daemon
      if (daemon.exitCode !== null) throw new Error(`libvirtd ended with ${daemon.exitCode}`)
      await sleep(50)
    }
  }
  const stop = async (daemon: ChildProcess): Promise<void> => {
    const exited = once(daemon, 'exit')
    daemon.kill('SIGKILL')
    await exited
  }
  // libvirt lets VMs outlive it, and so this: whatever ends the tests closes this program's input.
  const pids = join(sockets, 'libvirt/qemu/run')
  const ending =
    'cat >/dev/null; for file in "$1"/*.pid; do [ "$(basename "$file")" = driver.pid ] || kill -9 "$(cat "$file")"; done'
  const watchdog = spawn('sh', ['-c', ending, 'sh', pids], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  let daemon = await start()
  return {
    uri,
    virsh,
    restart: async () => {
      await stop(daemon)
      daemon = await start()
    },
    [Symbol.asyncDispose]: async () => {
      await stop(daemon)
      const ended = once(watchdog, 'exit')
      watchdog.stdin?.end()
      await ended
    },
  }
}

/** Backs up one VM; answers the outputs. */
export const backedUpInTime = (office: Pick<Office, 'run'>, ...inputs: string[]): Promise<JsonObject> =>
  ranInTime(office, 'qemu/vm-backup', ...inputs)

/** A guest is held only so long: on a machine that is too busy for that a run ends by a time-out, with nothing left, and is repeated. */
export async function ranInTime(office: Pick<Office, 'run'>, runbook: string, ...inputs: string[]): Promise<JsonObject> {
  for (;;) {
    const { exitCode, outputs, printed } = await office.run(runbook, ...inputs)
    if (exitCode === 0) return outputs
    if (!printed.includes('"timedOut"') || !printed.includes('"owed":[]')) throw new Error(printed)
  }
}

const isRoot = process.getuid?.() === 0
const asNobody = isRoot ? { uid: NOBODY, gid: NOBODY } : {}

/** To whom libvirt and its VMs run as. */
export function giveAway(...paths: readonly string[]): void {
  if (isRoot) for (const path of paths) chownSync(path, NOBODY, NOBODY)
}

export interface DomainOptions {
  readonly name: string
  readonly uuid: string
  readonly memoryMiB: number
  /** qcow2 images by name, which is the serial of the disk and, behind `ua-`, the id of its device. */
  readonly disks: Readonly<Record<string, string>>
  /** A monitor of the test's own. */
  readonly ownMonitor?: string
  /** What is started in it. */
  readonly boot?: { readonly kernel: string; readonly initrd: string; readonly commandLine: string }
  /** Sockets of ports in it, by their names. */
  readonly ports?: Readonly<Record<string, string>>
  /** The same, of sockets that another domain has. */
  readonly joined?: Readonly<Record<string, string>>
}

/** In software emulation. */
export function domainXml({ name, uuid, memoryMiB, disks, ownMonitor, boot, ports = {}, joined = {} }: DomainOptions): string {
  const targets = ['vda', 'vdb', 'vdc', 'vdd']
  const diskXml = Object.entries(disks).map(
    ([disk, file], index) =>
      `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${escaped(file)}'/>` +
      `<target dev='${targets[index]}' bus='virtio'/><serial>${disk}</serial><alias name='ua-${disk}'/></disk>`,
  )
  const portXml = [
    ...Object.entries(ports).map(([port, path]) => channelXml(port, `<source mode='bind' path='${escaped(path)}'/>`)),
    ...Object.entries(joined).map(([port, path]) =>
      channelXml(port, `<source mode='connect' path='${escaped(path)}'><reconnect enabled='yes' timeout='1'/></source>`),
    ),
  ]
  const own =
    ownMonitor === undefined
      ? ''
      : `<qemu:commandline><qemu:arg value='-qmp'/><qemu:arg value='unix:${escaped(ownMonitor)},server=on,wait=off'/></qemu:commandline>`
  return `<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>${escaped(name)}</name><uuid>${uuid}</uuid><memory unit='MiB'>${memoryMiB}</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type>${boot ? `<kernel>${boot.kernel}</kernel><initrd>${boot.initrd}</initrd><cmdline>${escaped(boot.commandLine)}</cmdline>` : ''}</os>
  <features><acpi/></features><cpu mode='maximum'/>
  <devices>
    <emulator>${emulator()}</emulator>${diskXml.join('')}
    <controller type='usb' model='none'/><memballoon model='none'/>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>${portXml.join('')}
  </devices>${own}
</domain>`
}

const channelXml = (port: string, source: string): string =>
  `<channel type='unix'>${source}<target type='virtio' name='${port}'/></channel>`

const emulator = (): string => execFileSync('sh', ['-c', 'command -v qemu-system-x86_64'], { encoding: 'utf8' }).trim()

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll("'", '&apos;').replaceAll('"', '&quot;')
