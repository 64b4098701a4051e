// What the memory of the measuring guest held when it had just booted: made once for each kind of machine, kept beside the guest's image.
// A machine that starts from it is up in a fraction of a second.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, mkdtemp, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { JsonObject } from '../../../values/index.ts'
import type { GuestImage } from './build.ts'
import { runInGuest } from './in-guest.ts'
import { argumentsFor, ask, DISK_BYTES, DISKS, type DiskName, type MachineOptions, startMachine } from './machine.ts'

const run = promisify(execFile)

type Role = NonNullable<MachineOptions['link']>['role']

/** A file for `-incoming`. Two that make it at the same time do not disturb each other. */
export async function savedState(image: GuestImage, role: Role | undefined): Promise<string> {
  const { stdout: version } = await run('qemu-system-x86_64', ['--version'])
  const key = JSON.stringify([version, argumentsFor('', image, optionsIn('', role))])
  const state = join(dirname(image.kernel), `state-${createHash('sha256').update(key).digest('hex').slice(0, 16)}`)
  const isThere = await access(state).then(
    () => true,
    () => false,
  )
  if (isThere) return state
  const folder = await mkdtemp(`${state}-`)
  try {
    await make(folder, image, role)
    await rename(join(folder, 'state'), state)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return state
}

/** The disks are blank, and nothing of them is in its memory: whoever starts from it brings disks of the same size. */
async function make(folder: string, image: GuestImage, role: Role | undefined): Promise<void> {
  const options = optionsIn(folder, role)
  for (const disk of DISKS) {
    await using file = await open(options.files[disk], 'w', 0o600)
    await file.truncate(DISK_BYTES)
  }
  await using machine = await startMachine(folder, image, options)
  await runInGuest(machine, '/bin/sh', ['-c', 'sync; echo 3 > /proc/sys/vm/drop_caches'])
  await ask(machine.monitorPath, 'stop')
  await ask(machine.monitorPath, 'migrate', { uri: `exec:cat > ${join(folder, 'state')}` })
  for (;;) {
    const { status, 'error-desc': why } = (await ask(machine.monitorPath, 'query-migrate')) as JsonObject
    if (status === 'completed') return
    if (status === 'failed' || status === 'cancelled') throw new Error(`the state cannot be saved: ${String(why)}`)
    await sleep(20)
  }
}

const optionsIn = (folder: string, role: Role | undefined): MachineOptions => ({
  name: 'saved',
  uuid: '8e1d4d0c-5a3b-4a0e-8f57-000000000000',
  files: Object.fromEntries(DISKS.map((disk) => [disk, join(folder, `${disk}.raw`)])) as Record<DiskName, string>,
  ...(role ? { link: { path: join(folder, 'link.sock'), role } } : {}),
})
