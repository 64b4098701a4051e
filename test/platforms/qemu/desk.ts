// A folder like an operator's, with a real QEMU to back up: what is run in it, what comes back, and what is left behind inside QEMU.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isObject, type Json, type JsonObject } from '../../../src/values/index.ts'
import { DISKS, type DiskName, type Machine, type MachineOptions, startMachine, type Writing } from './machine.ts'
import { type Office, openOffice } from './office.ts'

export const VM = '3f0b6f1e-6a52-4f0e-9c39-2b8c6c6d5a11'

export interface Desk extends AsyncDisposable, Omit<Office, 'restore'> {
  /** The QEMU that runs now. */
  readonly machine: Machine
  /** Ends QEMU, by its monitor or by SIGKILL, and starts another on the same disks, as it was started or otherwise. */
  restart(how: 'quit' | 'kill', otherwise?: MachineOptions): Promise<void>
  restored(pointId: string): Promise<Readonly<Record<DiskName, Buffer>>>
}

/** `settings`: what the target of the hypervisor has besides, by the folder of the desk. */
export async function openDesk(
  seed: number,
  settings: (folder: string) => JsonObject = () => ({}),
  options: MachineOptions = {},
): Promise<Desk> {
  const folder = mkdtempSync(join(tmpdir(), 'hf-qemu-'))
  let machine = await startMachine(join(folder, 'vm'), seed, options)
  const office = await openOffice(folder, {
    hypervisor: {
      connection: 'qemu/Hypervisor',
      monitor: machine.monitorPath,
      scratchDirectory: join(folder, 'vm'),
      ...settings(folder),
    },
    guest: { connection: 'guest/Machine', channel: 'none' },
  })
  return {
    ...office,
    get machine() {
      return machine
    },
    restart: async (how, otherwise) => {
      if (how === 'quit') await machine.quit()
      await machine[Symbol.asyncDispose]()
      machine = await startMachine(join(folder, 'vm'), seed + 1, { ...(otherwise ?? options), before: machine.writes })
    },
    restored: async (pointId) => bytesOf(await office.restore(pointId)),
    [Symbol.asyncDispose]: async () => {
      await machine[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Of restored disks. */
export const bytesOf = (files: readonly string[]): Readonly<Record<DiskName, Buffer>> =>
  Object.fromEntries(
    DISKS.map((disk) => [disk, readFileSync(files.find((file) => file.includes(`${disk}.raw`)) ?? '')]),
  ) as Record<DiskName, Buffer>

/** What of Holdfast's is left inside QEMU and in the scratch folder, but for checkpoints. */
export async function leftIn({
  machine,
  folder,
}: {
  readonly machine: Pick<Writing, 'ask'>
  readonly folder: string
}): Promise<readonly string[]> {
  const nodes = (await machine.ask('query-named-block-nodes', { flat: true })) as readonly JsonObject[]
  const blocks = (await machine.ask('query-block')) as readonly JsonObject[]
  const exports = (await machine.ask('query-block-exports')) as readonly Json[]
  const objects = (await machine.ask('qom-list', { path: '/objects' })) as readonly JsonObject[]
  const jobs = (await machine.ask('query-jobs')) as readonly JsonObject[]
  const files = readdirSync(join(folder, 'vm')).filter((file) => /^(hf-|holdfast-\d)/.test(file))
  return [
    ...nodes.map((node) => String(node['node-name'])).filter((name) => name.startsWith('hf-')),
    ...blocks.flatMap(({ inserted }) =>
      isObject(inserted) && !['qcow2', 'raw'].includes(String(inserted.drv)) ? [String(inserted.drv)] : [],
    ),
    ...exports.map((each) => JSON.stringify(each)),
    ...jobs.map(({ id }) => `job ${String(id)}`),
    ...objects.map(({ name }) => String(name)).filter((name) => name.startsWith('hf-')),
    ...files,
  ]
}

export async function checkpointsOf({ machine }: { readonly machine: Pick<Writing, 'ask'> }): Promise<readonly string[]> {
  const nodes = (await machine.ask('query-named-block-nodes', { flat: true })) as readonly JsonObject[]
  const bitmaps = nodes.flatMap((node) => (Array.isArray(node['dirty-bitmaps']) ? (node['dirty-bitmaps'] as JsonObject[]) : []))
  // Those of jobs and filters have no name.
  return [...new Set(bitmaps.flatMap(({ name }) => (typeof name === 'string' ? [name] : [])))]
}

/** Writes all the time until the call has ended. */
export async function whileWriting<Result>({ machine }: { readonly machine: Writing }, call: Promise<Result>): Promise<Result> {
  let ended = false
  const writing = (async () => {
    while (!ended) await machine.write()
  })()
  try {
    return await call
  } finally {
    ended = true
    await writing
  }
}
