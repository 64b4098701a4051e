// Changed-block tracking: asked for by a setting, in effect from the next stun on, and answered from what was in each disk then. [W7–W10]
import type { JsonObject } from '../../../values/index.ts'
import { differenceOf, type SparseSnapshot } from '../../simulation/index.ts'
import { type Snapshot, VimFault, type Vm, type VmDisk, type World } from './model.ts'

const isTrackable = ({ mode, physicalMapping }: VmDisk): boolean => mode === 'persistent' && !physicalMapping

/** Power-on, and the making and removing of snapshots. */
export function stun({ newUuid }: World, vm: Vm): void {
  for (const disk of vm.disks) {
    if (!vm.trackingWanted) delete disk.tracking
    else if (!disk.tracking && isTrackable(disk)) disk.tracking = beginning(newUuid(), disk)
  }
}

/** As after a host's power failure: what was known is lost. */
export function resetTracking({ newUuid }: World, vm: Vm): void {
  for (const disk of vm.disks) if (disk.tracking) disk.tracking = beginning(newUuid(), disk)
}

const beginning = (uuid: string, { content }: VmDisk) => ({ uuid, number: 1, history: new Map([[1, content.freeze()]]) })

/** The change id of a snapshot that is taken now; nothing for a disk that is not tracked. */
export function nextChangeId({ tracking }: VmDisk, frozen: SparseSnapshot): string | undefined {
  if (!tracking) return undefined
  tracking.number += 1
  tracking.history.set(tracking.number, frozen)
  return `${tracking.uuid}/${tracking.number}`
}

interface Question {
  readonly deviceKey: number
  readonly startOffset: number
  readonly changeId: string
}

export function changedAreas(
  world: World,
  vm: Vm,
  snapshot: Snapshot,
  { deviceKey, startOffset, changeId }: Question,
): JsonObject {
  const held = snapshot.disks.get(deviceKey)
  const disk = vm.disks.find(({ key }) => key === deviceKey)
  if (!held || !disk) throw invalid('deviceKey')
  const { sizeBytes } = held.frozen
  if (startOffset >= sizeBytes) throw invalid('startOffset')
  if (held.changeId === undefined) throw invalid('deviceKey')
  const changed = changeId === '*' ? allocated(world, held.frozen) : differenceOf(held.frozen, contentAt(disk, changeId))
  const length = Math.min(world.behaviour.areasAnswerBytes, sizeBytes - startOffset)
  const areas = changed.extents(startOffset, length).filter(({ kind }) => kind === 'data')
  return {
    _typeName: 'DiskChangeInfo',
    startOffset,
    length,
    changedArea: areas.map(({ offsetBytes, lengthBytes }) => ({ start: offsetBytes, length: lengthBytes })),
  }
}

function allocated({ behaviour }: World, frozen: SparseSnapshot): SparseSnapshot {
  if (!behaviour.allocatedKnown) throw new VimFault('FileFault', 'Error caused by file', { file: 'ctk' })
  return frozen
}

function contentAt({ tracking, file }: VmDisk, changeId: string): SparseSnapshot {
  const [uuid, number] = changeId.split('/')
  if (number === undefined) throw invalid('changeId')
  const content = tracking?.uuid === uuid ? tracking?.history.get(Number(number)) : undefined
  // Of a tracking that has begun anew nothing earlier is known.
  if (!content) throw new VimFault('FileFault', `Error caused by file ${file}`, { file })
  return content
}

const invalid = (invalidProperty: string): VimFault =>
  new VimFault('InvalidArgument', `A specified parameter was not correct: ${invalidProperty}`, { invalidProperty })
