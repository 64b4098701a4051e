// Checkpoints: one bitmap of the same name on every disk, which records from now on what changes. (QEMU, docs/interop/bitmaps)
import type { JsonObject } from '../../values/index.ts'
import type { Call } from './call.ts'
import { drivesOf } from './drives.ts'
import { failure, gone } from './failures.ts'

const GRANULARITY_BYTES = 65_536

/** On all disks or on none: it is one transaction. Only qcow2 keeps a bitmap over the end of the process. */
export async function createCheckpoint({ input, monitor, change }: Call): Promise<JsonObject> {
  const { drives } = await drivesOf(monitor)
  const { name, disks } = input as { readonly name: string; readonly disks: readonly string[] }
  const chosen = drives.filter(({ disk }) => disks.includes(disk))
  if (chosen.length < disks.length) throw diskMissing(disks.filter((disk) => !chosen.some((drive) => drive.disk === disk)))
  const actions = chosen.map(({ node, format }) => ({
    type: 'block-dirty-bitmap-add',
    data: { node, name, granularity: GRANULARITY_BYTES, persistent: format === 'qcow2' },
  }))
  await change('transaction', { actions })
  return { name }
}

export async function findCheckpoint({ input, monitor }: Call): Promise<JsonObject> {
  return { found: (await drivesWith(String(input.name), monitor)).length > 0, name: String(input.name) }
}

export async function deleteCheckpoint({ input, monitor, change }: Call): Promise<JsonObject> {
  const name = String(input.name)
  const drives = await drivesWith(name, monitor)
  if (drives.length === 0) throw gone(`checkpoint ${name}`)
  // Each by itself: before a transaction QEMU waits for all I/O, and stands still with all its disks where the storage of one does not answer.
  for (const { node } of drives) await change('block-dirty-bitmap-remove', { node, name })
  return {}
}

async function drivesWith(name: string, monitor: Call['monitor']) {
  const { drives } = await drivesOf(monitor)
  return drives.filter(({ bitmaps }) => bitmaps.some((bitmap) => bitmap.name === name))
}

export const diskMissing = (disks: readonly string[]) =>
  failure({ type: 'diskMissing', message: `the VM has no disk ${disks.join(', ')}`, retryable: false, applied: 'no' })
