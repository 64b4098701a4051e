// The measuring guest as a VM of a libvirt of the test's own.
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeDisks } from '../../../src/platforms/qemu/measuring/boot.ts'
import { buildGuest } from '../../../src/platforms/qemu/measuring/build.ts'
import { runInGuest } from '../../../src/platforms/qemu/measuring/in-guest.ts'
import { COMMAND_LINE, DISKS, type MachineOptions } from '../../../src/platforms/qemu/measuring/machine.ts'
import type { Domain } from '../../../src/platforms/virsh.ts'
import { domainXml, giveAway, type Libvirt } from './libvirt.ts'

export interface LibvirtGuest extends AsyncDisposable {
  readonly domain: Domain
  /** See the beats of the measuring guest. */
  readonly beatsPath: string
  /** A monitor beside libvirt's. */
  readonly ownMonitor: string
}

export interface Identity {
  readonly name: string
  readonly uuid: string
  /** As in the measuring guest's own machine. */
  readonly link?: MachineOptions['link']
}

const MEASURED = { name: 'measured', uuid: '7d0c2b9e-5a3b-4a0e-8f57-6b9a1c2d3e4f' }

/** Boots it in a folder whose path is short, with more disks besides its own two where wanted; its writer writes when this resolves. */
export async function startLibvirtGuest(
  libvirt: Libvirt,
  folder: string,
  more: Readonly<Record<string, string>> = {},
  { name, uuid, link }: Identity = MEASURED,
): Promise<LibvirtGuest> {
  await makeDisks(folder)
  const image = await buildGuest()
  const boot = { kernel: join(folder, 'vmlinuz'), initrd: join(folder, 'initrd'), commandLine: COMMAND_LINE }
  await copyFile(image.kernel, boot.kernel)
  await copyFile(image.initrd, boot.initrd)
  const own = Object.fromEntries(DISKS.map((disk) => [disk, join(folder, `${disk}.qcow2`)]))
  giveAway(folder, boot.kernel, boot.initrd, ...Object.values(own), ...Object.values(more))
  const [beatsPath, ownMonitor] = [join(folder, 'beats.sock'), join(folder, 'own.qmp')]
  const xml = domainXml({
    ...{ name, uuid, memoryMiB: 128, disks: { ...own, ...more }, ownMonitor, boot },
    ports: { 'holdfast.beats': beatsPath, ...(link?.role === 'first' ? { 'holdfast.first': link.path } : {}) },
    ...(link?.role === 'second' ? { joined: { 'holdfast.second': link.path } } : {}),
  })
  await writeFile(join(folder, 'domain.xml'), xml)
  await libvirt.virsh('define', join(folder, 'domain.xml'))
  await libvirt.virsh('start', uuid)
  const domain = { uri: libvirt.uri, name: uuid }
  await untilAnswers(libvirt, uuid)
  await runInGuest({ agentPath: domain }, '/usr/bin/begin', ['writing'])
  return {
    domain,
    beatsPath,
    ownMonitor,
    [Symbol.asyncDispose]: async () => {
      await libvirt.virsh('destroy', uuid).catch(() => {})
    },
  }
}

async function untilAnswers({ virsh }: Libvirt, uuid: string): Promise<void> {
  for (;;) {
    const answers = await virsh('qemu-agent-command', uuid, '{"execute":"guest-ping"}').then(
      () => true,
      () => false,
    )
    if (answers) return
    if (!(await virsh('domstate', uuid)).includes('running')) throw new Error('the measuring guest ended')
    await sleep(200)
  }
}
