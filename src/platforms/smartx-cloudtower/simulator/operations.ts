// Every operation of the API, by operationId: a change of the world and an answer. HTTP and logins are not known here.
import type { Json, JsonObject } from '../../../values/index.ts'
import { clusterOf, describeLun, describeLunSnapshots, describeSnapshot, describeVm, describeVolume } from './describe.ts'
import { type Bus, Refusal, type Vm, type VmDisk, type World } from './model.ts'
import { deleteSnapshot, takeSnapshot } from './snapshots.ts'
import { describeTask, startTask } from './tasks.ts'
import { addVm, copyOf, newVolume, placeholder, removeVm } from './vms.ts'
import { matching } from './where.ts'

type Operation = (world: World, body: Json) => readonly JsonObject[]

const whereIn = (body: Json): JsonObject => (body as { where?: JsonObject }).where ?? {}
const query =
  (all: (world: World) => readonly JsonObject[]): Operation =>
  (world, body) =>
    matching(all(world), whereIn(body))
/** One answer for each thing that matched: a batch starts several tasks. [X9, X21] */
const each =
  (all: (world: World) => readonly JsonObject[], does: (world: World, id: string) => JsonObject): Operation =>
  (world, body) =>
    matching(all(world), whereIn(body)).map(({ id }) => does(world, String(id)))

const allVms = (world: World) => [...world.vms.values()].map((vm) => describeVm(world, vm))
const allVolumes = (world: World) => [...world.volumes.values()].map((volume) => describeVolume(world, volume))
const allSnapshots = (world: World) => [...world.snapshots.values()].map((snapshot) => describeSnapshot(world, snapshot))

export const operations: Readonly<Record<string, Operation>> = {
  getTasks: query((world) => [...world.tasks.values()].map(describeTask)),
  getClusters: query((world) => [clusterOf(world)]),
  getVms: query(allVms),
  getVmVolumes: query(allVolumes),
  getVmSnapshots: query(allSnapshots),
  getIscsiLunSnapshots: query(describeLunSnapshots),
  getIscsiLuns: query((world) => [...world.volumes.values()].flatMap(describeLun)),
  getVlans: query((world) =>
    world.vlans.map(({ id, localId, name, vlanId }) => ({ id, local_id: localId, name, vlan_id: vlanId })),
  ),

  createVmSnapshot: (world, body) => {
    const { data } = body as unknown as { data: { vm_id: string; name: string; consistent_type?: string }[] }
    return data.map(({ vm_id: vmId, name, consistent_type: type }) => {
      const vm = unlocked(world, vmId)
      return takeSnapshot(world, vm, name, type === 'FILE_SYSTEM_CONSISTENT' ? 'FILE_SYSTEM_CONSISTENT' : 'CRASH_CONSISTENT')
    })
  },

  deleteVmSnapshot: each(allSnapshots, (world, id) => {
    const { vmId } = known(world.snapshots, id)
    if (world.vms.has(vmId)) unlocked(world, vmId)
    return deleteSnapshot(world, id)
  }),

  createVmVolume: (world, body) =>
    (body as unknown as { name: string; size: number; elf_storage_policy?: string }[]).map(
      ({ name, size, elf_storage_policy: policy }) => {
        const volume = newVolume(world, name, size, policy)
        return startTask(world, {
          operation: 'createVmVolume',
          on: [volume],
          status: 'CREATING',
          effect: () => {
            refuseWhenFull(world)
            volume.lun = { id: world.newId(), zbsId: world.newId() }
            volume.localId = world.newId()
          },
          undo: () => unlessPlaceholderStays(world, world.volumes, volume.id),
        })
      },
    ),

  deleteVmVolume: each(allVolumes, (world, id) => {
    const volume = known(world.volumes, id)
    const isMounted = [...world.vms.values()].some(({ disks }) => disks.some(({ volumeId }) => volumeId === id))
    if (isMounted) throw new Refusal(400, `The volume ${volume.name} is mounted.`)
    return startTask(world, {
      operation: 'deleteVmVolume',
      on: [volume],
      status: 'DELETING',
      effect: () => void world.volumes.delete(id),
    })
  }),

  createVm: (world, body) =>
    (body as unknown as NewVm[]).map((wanted) => {
      const disks = (wanted.vm_disks.mount_disks ?? []).map(
        ({ vm_volume_id: volumeId, bus, boot, index = 0 }): VmDisk => ({ volumeId, bus, boot, index }),
      )
      for (const { volumeId } of disks) known(world.volumes, volumeId)
      const vm = addVm(world, {
        ...placeholder(world, wanted.name),
        cores: wanted.cpu_cores,
        sockets: wanted.cpu_sockets,
        memoryBytes: wanted.memory,
        firmware: wanted.firmware,
        ha: wanted.ha,
        disks,
        nics: wanted.vm_nics.map(({ connect_vlan_id: vlanId, mac_address: mac = '', model = 'VIRTIO' }) => ({
          vlanId,
          mac,
          model,
        })),
      })
      return makeVm(world, vm, 'createVm')
    }),

  rebuildVmFromSnapshot: (world, body) =>
    (body as unknown as { rebuild_from_snapshot_id: string; name: string }[]).map(({ rebuild_from_snapshot_id: id, name }) => {
      const snapshot = known(world.snapshots, id)
      if (snapshot.disks.length === 0) throw new Refusal(400, 'The snapshot is not there yet.')
      const vm = addVm(world, { ...snapshot.vm, ...placeholder(world, name), disks: [] })
      return makeVm(world, vm, 'rebuildVmFromSnapshot', () => {
        refuseWhenFull(world)
        vm.disks.push(...snapshot.disks.map((disk) => copyOf(world, disk, name)))
      })
    }),

  startVm: each(allVms, (world, id) => {
    const vm = unlocked(world, id)
    // Done already. [X2]
    if (vm.status === 'RUNNING') return { task_id: null, data: { id } }
    return startTask(world, {
      operation: 'startVm',
      on: [vm],
      status: 'UPDATING',
      effect: () => {
        vm.status = 'RUNNING'
      },
    })
  }),

  deleteVm: each(allVms, (world, id) =>
    startTask(world, {
      operation: 'deleteVm',
      on: [known(world.vms, id)],
      status: 'DELETING',
      effect: () => removeVm(world, id),
    }),
  ),
}

interface NewVm {
  readonly name: string
  readonly cpu_cores: number
  readonly cpu_sockets: number
  readonly memory: number
  readonly firmware: Vm['firmware']
  readonly ha: boolean
  readonly vm_disks: { readonly mount_disks?: readonly { vm_volume_id: string; bus: Bus; boot: number; index?: number }[] }
  readonly vm_nics: readonly { connect_vlan_id: string; mac_address?: string; model?: string }[]
}

function makeVm(world: World, vm: Vm, operation: string, fill = () => {}): JsonObject {
  return startTask(world, {
    operation,
    on: [vm],
    status: 'CREATING',
    effect: () => {
      const taken = [...world.vms.values()].some((other) => other !== vm && other.name === vm.name)
      // [X17]
      if (taken) throw new Refusal(400, '{"ec":"VM_DUPLICATED_NAME"}')
      fill()
      vm.localId = world.newId()
    },
    undo: () => unlessPlaceholderStays(world, world.vms, vm.id),
  })
}

function unlessPlaceholderStays({ behaviour }: World, things: Map<string, unknown>, id: string): void {
  if (!behaviour.failedLeavesPlaceholder) things.delete(id)
}

/** [X16] */
export function refuseWhenFull({ behaviour }: World): void {
  if (behaviour.full) throw new Refusal(500, '{"ec":"EAllocSpace","message":"no space"}')
}

/** [X6] */
function unlocked(world: World, vmId: string): Vm {
  const vm = known(world.vms, vmId)
  if (world.behaviour.locks && vm.asyncStatus !== null) throw new Refusal(400, `Resource [VM-${vmId}] locked`, vmId)
  return vm
}

function known<Item>(things: ReadonlyMap<string, Item>, id: string): Item {
  const thing = things.get(id)
  if (thing === undefined) throw new Refusal(404, `There is no ${id}.`)
  return thing
}
