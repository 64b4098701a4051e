// Starts the measuring guest under QEMU, in software: no rights and no processor support are needed. It goes on from what its memory held
// when it had just booted.
import { execFile } from 'node:child_process'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { buildGuest, type GuestImage } from './build.ts'
import { runInGuest } from './in-guest.ts'
import { DISK_BYTES, DISKS, type DiskName, type Machine, type MachineOptions, startMachine } from './machine.ts'
import { savedState } from './saved.ts'

export { ask, DISKS, type DiskName } from './machine.ts'

const run = promisify(execFile)

export type Guest = Machine

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
  /** Whether the writer is started. */
  readonly writes: boolean
  /** Images of disks, of 64 MiB each; default `<disk>.qcow2` of the folder. */
  readonly files?: Readonly<Partial<Record<DiskName, string>>>
  /** Default: `measured`, with a UUID of its own. */
  readonly vm?: Pick<MachineOptions, 'name' | 'uuid'>
  readonly link?: MachineOptions['link']
}

const MEASURED = { name: 'measured', uuid: '8e1d4d0c-5a3b-4a0e-8f57-6b9a1c2d3e4f' }

/** Looked for once in a process. */
let image: Promise<GuestImage> | undefined

/** Resolves when the disks are mounted and the agent answers. */
export async function bootGuest(folder: string, { writes, files = {}, vm = MEASURED, link }: BootOptions): Promise<Guest> {
  image ??= buildGuest()
  const all = DISKS.map((disk) => [disk, files[disk] ?? join(folder, `${disk}.qcow2`)])
  const options = { ...vm, files: Object.fromEntries(all) as Record<DiskName, string>, ...(link ? { link } : {}) }
  const guest = await startMachine(folder, await image, options, await savedState(await image, link?.role))
  try {
    await runInGuest(guest, '/usr/bin/begin', writes ? ['writing'] : [])
    return guest
  } catch (error) {
    await guest[Symbol.asyncDispose]()
    throw error
  }
}
