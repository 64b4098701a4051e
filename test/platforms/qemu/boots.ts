// A real guest that writes, backed up in the ways that claim different levels; each point is restored, booted, and measured.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootGuest, DISKS, type DiskName, makeDisks } from '../../../src/platforms/qemu/measuring/boot.ts'
import { type Measured, measure } from '../../../src/platforms/qemu/measuring/measure.ts'
import { tell } from './left-behind.ts'
import { type Office, openOffice } from './office.ts'

/** Inputs of a backup, by the level that it is to have. */
const WAYS = [
  { level: 'crash', inputs: ['quiesce=false'] },
  { level: 'filesystem', inputs: ['quiesce=true'] },
  { level: 'application', inputs: ['quiesce=true', 'scripts=other'] },
] as const

export interface Booted {
  /** What this way of backing up is to give. */
  readonly level: string
  /** What the point says of itself. */
  readonly claimed: string
  readonly measured: Measured
}

export interface Boots extends AsyncDisposable {
  /** Backs up in the next way, restores, boots. */
  next(): Promise<Booted>
}

export async function openBoots(): Promise<Boots> {
  await using opened = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'hf-boots-'))
  opened.defer(() => rmSync(folder, { recursive: true, force: true }))
  const vm = join(folder, 'vm')
  await makeDisks(vm)
  const guest = opened.use(await bootGuest(vm, { writes: true }))
  mkdirSync(join(folder, 'desk'))
  const office = await openOffice(join(folder, 'desk'), {
    hypervisor: { connection: 'qemu/Hypervisor', monitor: guest.monitorPath, scratchDirectory: vm },
    guest: { connection: 'guest/Machine', channel: 'qemu-agent', socket: guest.agentPath },
  })
  let count = 0
  async function next(): Promise<Booted> {
    const { level, inputs } = WAYS[count % WAYS.length] ?? WAYS[0]
    count += 1
    const { exitCode, outputs, printed } = await office.run('qemu/vm-backup', ...inputs)
    if (exitCode !== 0) throw new Error(printed)
    // What was restored boots sooner while nobody else computes.
    await tell(guest, 'stop')
    const measured = await measurePoint(office, String(outputs.pointId), join(folder, `boot-${count}`))
    await tell(guest, 'cont')
    return { level, claimed: String(outputs.consistency), measured }
  }
  const running = opened.move()
  return { next, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

/** Restores a point and boots a guest from it, in a folder that is taken away after. */
export async function measurePoint(office: Office, pointId: string, folder: string): Promise<Measured> {
  const files = await office.restore(pointId)
  try {
    const byDisk = DISKS.map((disk) => [disk, files.find((file) => file.endsWith(`${disk}.raw`))])
    return await measure(folder, Object.fromEntries(byDisk) as Record<DiskName, string>)
  } finally {
    for (const file of files) rmSync(file)
    rmSync(folder, { recursive: true, force: true })
  }
}
