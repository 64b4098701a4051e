// Snapshots: a filter before each disk that keeps what is overwritten, so that the disk can be read as it was. The guest writes on, and
// goes on when the scratch is full: then the snapshot breaks, not the guest. (QEMU, docs/interop/qmp: copy-before-write, snapshot-access)
import type { JsonObject } from '../../values/index.ts'
import type { Call } from './call.ts'
import { diskMissing } from './checkpoints.ts'
import { type Drive, type Drives, disksOf, drivesOf } from './drives.ts'
import { failure, gone, halfMade } from './failures.ts'
import { deltaOf, isOurs, nodesOf } from './names.ts'

/** After so long without being able to keep an old block, a snapshot breaks rather than let the guest wait. */
const KEEP_TIMEOUT_SECONDS = 5

interface Wanted {
  readonly disk: string
  /** The checkpoint since which changes are asked for; none for a full backup. */
  readonly since?: string
}

export async function createSnapshot({ input, monitor, change }: Call): Promise<JsonObject> {
  const { name, disks } = input as unknown as { readonly name: string; readonly disks: readonly Wanted[] }
  const { drives, nodes } = await drivesOf(monitor)
  const chosen = disks.flatMap(({ disk, since }) => {
    const drive = drives.find((each) => each.disk === disk)
    return drive ? [{ drive, since, ...nodesOf(name, disk) }] : []
  })
  const known = chosen.map(({ drive }) => drive.disk)
  if (chosen.length < disks.length) throw diskMissing(disks.map(({ disk }) => disk).filter((disk) => !known.includes(disk)))
  const halves = chosen.filter(({ scratch }) => !nodes.has(scratch))
  if (halves.length > 0) throw halfMade(`no scratch for ${halves.map(({ drive }) => drive.disk).join(', ')}`)
  // Connected to another filter, the guest would write past the one that is there, and nobody would know.
  const taken = chosen.filter(({ drive, filter }) => isOurs(drive.connected) && drive.connected !== filter)
  if (taken.length > 0) throw disksTaken(taken.map(({ drive }) => drive.disk))
  for (const { drive, filter, scratch } of chosen)
    await change('blockdev-add', {
      driver: 'copy-before-write',
      'node-name': filter,
      file: drive.node,
      target: scratch,
      'on-cbw-error': 'break-snapshot',
      'cbw-timeout': KEEP_TIMEOUT_SECONDS,
    })
  for (const { drive, filter } of chosen) await connect(change, drive, filter)
  // After the filters: what is written between is in the list although the snapshot does not have it. The other way it would be missed.
  const actions = chosen.flatMap(({ drive, since }) =>
    since === undefined || since === '' ? [] : deltaActions(name, drive, since),
  )
  if (actions.length > 0) await change('transaction', { actions })
  for (const { filter, access } of chosen)
    await change('blockdev-add', { driver: 'snapshot-access', 'node-name': access, file: filter })
  return { name }
}

const disksTaken = (disks: readonly string[]) =>
  failure({ type: 'disksTaken', message: `another backup keeps ${disks.join(', ')} already`, retryable: false, applied: 'no' })

const deltaActions = (name: string, { node }: Drive, since: string) => [
  { type: 'block-dirty-bitmap-add', data: { node, name: deltaOf(name), persistent: false, disabled: true } },
  { type: 'block-dirty-bitmap-merge', data: { node, target: deltaOf(name), bitmaps: [since] } },
]

/** QEMU 7.2 ends itself, and the guest, when a device is connected to what it is connected to already: so only a change is asked for. */
async function connect(change: Call['change'], { device, connected }: Drive, to: string): Promise<void> {
  if (connected !== to) await change('qom-set', { path: device, property: 'drive', value: to })
}

export async function findSnapshot({ input, monitor }: Call): Promise<JsonObject> {
  const name = String(input.name)
  const { access, filters, deltas } = partsOf(input, await drivesOf(monitor))
  return { found: access.length + filters.length + deltas.length > 0, name }
}

interface Parts {
  readonly access: readonly string[]
  readonly filters: readonly string[]
  /** Nodes whose bitmap holds what changed since the base. */
  readonly deltas: readonly string[]
}

/** What is there of it, however far its making came. */
function partsOf(input: JsonObject, { drives, nodes }: Drives): Parts {
  const name = String(input.name)
  const own = disksOf(input, drives).map((disk) => nodesOf(name, disk))
  return {
    access: own.map(({ access }) => access).filter((node) => nodes.has(node)),
    filters: own.map(({ filter }) => filter).filter((node) => nodes.has(node)),
    deltas: [...nodes].flatMap(([node, bitmaps]) => (bitmaps.has(deltaOf(name)) ? [node] : [])),
  }
}

/** Devices are connected to their disks again before what they are connected to is taken away. */
export async function deleteSnapshot({ input, monitor, change }: Call): Promise<JsonObject> {
  const name = String(input.name)
  const found = await drivesOf(monitor)
  const { access, filters, deltas } = partsOf(input, found)
  if (access.length + filters.length + deltas.length === 0) throw gone(`snapshot ${name}`)
  for (const node of access) await change('blockdev-del', { 'node-name': node })
  for (const drive of found.drives) if (filters.includes(drive.connected)) await connect(change, drive, drive.node)
  for (const node of filters) await change('blockdev-del', { 'node-name': node })
  for (const node of deltas) await change('block-dirty-bitmap-remove', { node, name: deltaOf(name) })
  return {}
}
