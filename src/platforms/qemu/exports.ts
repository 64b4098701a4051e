// Exports: the disks of a snapshot over NBD, on a unix socket beside the scratch files.
import { access as accessible, rm } from 'node:fs/promises'
import type { JsonObject } from '../../values/index.ts'
import type { Call } from './call.ts'
import { drivesOf, objectsOf } from './drives.ts'
import { failure, gone } from './failures.ts'
import { MonitorFailed } from './monitor.ts'
import { deltaOf, exportId, nodesOf, socketPath } from './names.ts'

const CONNECTIONS = 16

export async function createExport({ input, monitor, change, scratchDirectory }: Call): Promise<JsonObject> {
  const { name, disks } = input as unknown as { readonly name: string; readonly disks: readonly { readonly disk: string }[] }
  const { drives } = await drivesOf(monitor)
  const path = socketPath(scratchDirectory, name)
  try {
    await change('nbd-server-start', { addr: { type: 'unix', data: { path } }, 'max-connections': CONNECTIONS })
  } catch (error) {
    if (!(error instanceof MonitorFailed) || !/already running/.test(error.message)) throw error
    throw failure({ type: 'serverTaken', message: error.message, retryable: true, applied: 'no' })
  }
  for (const { disk } of disks) {
    const drive = drives.find((each) => each.disk === disk)
    const hasDelta = drive?.bitmaps.some((bitmap) => bitmap.name === deltaOf(name)) === true
    await change('block-export-add', {
      type: 'nbd',
      id: exportId(name, disk),
      'node-name': nodesOf(name, disk).access,
      name: disk,
      writable: false,
      ...(drive && hasDelta ? { bitmaps: [{ node: drive.node, name: deltaOf(name) }] } : {}),
    })
  }
  return { name, socket: path }
}

export async function findExport(call: Call): Promise<JsonObject> {
  const name = String(call.input.name)
  const { ours, socket, hasSocket } = await remains(call, name)
  return { found: ours.length > 0 || hasSocket, name, socket }
}

/** QEMU has one server for all exports: it is stopped when ours were the only ones. */
export async function deleteExport(call: Call): Promise<JsonObject> {
  const { change } = call
  const name = String(call.input.name)
  const { ours, others, socket, hasSocket } = await remains(call, name)
  if (ours.length === 0 && !hasSocket) throw gone(`export of ${name}`)
  for (const id of ours) await change('block-export-del', { id, mode: 'hard' })
  while ((await remains(call, name)).ours.length > 0) await call.context.clock.sleep(10, call.context.signal)
  if (others === 0 && hasSocket)
    await change('nbd-server-stop').catch((error: unknown) => {
      if (!(error instanceof MonitorFailed) || !/not running/.test(error.message)) throw error
    })
  await rm(socket, { force: true })
  return {}
}

async function remains({ monitor, scratchDirectory }: Call, name: string) {
  const ids = objectsOf(await monitor.ask('query-block-exports')).map(({ id }) => String(id))
  const ours = ids.filter((id) => id.startsWith(exportId(name, '')))
  const socket = socketPath(scratchDirectory, name)
  const hasSocket = await accessible(socket).then(
    () => true,
    () => false,
  )
  return { ours, others: ids.length - ours.length, socket, hasSocket }
}
