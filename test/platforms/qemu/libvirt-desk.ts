// A folder like an operator's, and a VM of a real libvirt to back up. No guest system is in it: what is written comes from a monitor of its own.
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '../../../src/values/index.ts'
import { bytesOf } from './desk.ts'
import { domainXml, giveAway, type Libvirt } from './libvirt.ts'
import { DISK_BYTES, DISKS, type DiskName, openWhenUp, type Writing, writingTo } from './machine.ts'
import { type Office, openOffice } from './office.ts'

export interface LibvirtDesk extends AsyncDisposable, Omit<Office, 'restore'> {
  readonly domain: string
  /** The QEMU that runs now. */
  readonly machine: Writing
  /** Starts the domain, which is off. */
  start(): Promise<void>
  restored(pointId: string): Promise<Readonly<Record<DiskName, Buffer>>>
}

/** Its VM runs. `settings`: what the target of the hypervisor has otherwise, by the folder of the desk. */
export async function openLibvirtDesk(
  libvirt: Libvirt,
  seed: number,
  domain: string,
  settings: (folder: string) => JsonObject = () => ({}),
): Promise<LibvirtDesk> {
  const folder = mkdtempSync(join(tmpdir(), 'hf-lv-desk-'))
  const vm = join(folder, 'vm')
  const [ownMonitor, xml] = [join(vm, 'own.qmp'), join(folder, 'domain.xml')]
  mkdirSync(vm, { mode: 0o700 })
  const disks = Object.fromEntries(DISKS.map((disk) => [disk, join(vm, `${disk}.qcow2`)]))
  for (const file of Object.values(disks)) execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', file, String(DISK_BYTES)])
  giveAway(folder, vm, ...Object.values(disks))
  const uuid = randomUUID()
  writeFileSync(xml, domainXml({ name: domain, uuid, memoryMiB: 64, disks, ownMonitor }))
  await libvirt.virsh('define', xml)
  const office = await openOffice(folder, {
    hypervisor: { connection: 'qemu/Hypervisor', libvirt: libvirt.uri, domain, scratchDirectory: vm, ...settings(folder) },
    guest: { connection: 'guest/Machine', channel: 'libvirt', libvirt: libvirt.uri, domain },
  })
  const run = async (before?: Writing) => {
    rmSync(ownMonitor, { force: true })
    await libvirt.virsh('start', uuid)
    const own = await openWhenUp(ownMonitor)
    return { own, machine: writingTo(own, seed, before?.writes, (disk) => `ua-${disk}`) }
  }
  let running = await run()
  return {
    ...office,
    domain,
    get machine() {
      return running.machine
    },
    start: async () => {
      running.own[Symbol.dispose]()
      running = await run(running.machine)
    },
    restored: async (pointId) => bytesOf(await office.restore(pointId)),
    [Symbol.asyncDispose]: async () => {
      running.own[Symbol.dispose]()
      await libvirt.virsh('destroy', uuid).catch(() => {})
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
