// Every operation of the API by operationId: queries answer at once, changes are done when their job ends.
import { type BackupRequest, backUpDatabase, backUpVm, backUpVolume, checkDependents, copyTo, deleteFrom } from './backups.ts'
import { createDataVolume, createVm, deleteVolume, destroyVm, revertVm, revertVolume, startVm, stopVm } from './recovery.ts'
import {
  addGroup,
  addJob,
  addTrigger,
  bind,
  join,
  removeFrom,
  runTrigger,
  updateGroup,
  updateJob,
  updateTrigger,
} from './scheduler.ts'
import { reconnect, recoverDatabase, rescan } from './site.ts'
import { Refusal, type VolumeBackup, type World } from './world.ts'

export interface OperationCall {
  readonly path: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Already held against the operation's schema. */
  readonly body: unknown
}

/** Rows of a query, as the platform shows them. */
export const queries: Readonly<Record<string, (world: World) => readonly object[]>> = {
  queryImageStores: ({ storages }) =>
    storages.map(({ uuid, name, state, status }) => ({ uuid, name, state, status, type: 'ImageStoreBackupStorage' })),
  querySystemTags: ({ storages }) =>
    storages.map(({ uuid, role }) => ({ uuid: `tag-${uuid}`.slice(0, 32), resourceUuid: uuid, tag: TAGS[role] })),
  queryVolumes: ({ volumes }) => volumes.map(({ disk: _, bitmap: __, ...volume }) => volume),
  queryVms: ({ vms }) => vms,
  queryVolumeBackups: ({ volumeBackups }) => volumeBackups,
  queryDatabaseBackups: ({ databaseBackups }) => databaseBackups,
  querySchedulerJobs: ({ jobs }) =>
    jobs.map(({ type: _, parameters, ...job }) => ({ ...job, jobData: JSON.stringify(parameters) })),
  querySchedulerJobGroups: ({ groups }) =>
    groups.map(({ type, parameters, ...group }) => ({
      ...group,
      jobType: type,
      jobData: JSON.stringify(parameters),
    })),
  querySchedulerTriggers: ({ triggers, groups }) =>
    triggers.map((trigger) => ({
      ...trigger,
      jobGroupsUuid: groups.filter(({ triggersUuid }) => triggersUuid.includes(trigger.uuid)).map(({ uuid }) => uuid),
    })),
  querySchedulerJobHistory: ({ histories }) => histories,
}

const TAGS = { local: 'allowbackup', remote: 'remotebackup', cloud: 'disasterbackup' } as const

/** What is looked at, and done, once the job of the call comes to its end. Throws a Refusal. */
export const changes: Readonly<Record<string, (world: World, call: OperationCall) => object>> = {
  createVolumeBackup: (world, call) => ({ inventory: backUpVolume(world, at(call, 'volumeUuid'), params(call)) }),
  createVmBackup: (world, call) => ({ inventories: backUpVm(world, at(call, 'rootVolumeUuid'), params(call)) }),
  createDatabaseBackup: (world, call) => ({ inventory: backUpDatabase(world, params(call)) }),

  deleteVolumeBackup: (world, call) => deleteVolumeBackups(world, call, ({ uuid }) => uuid === at(call, 'uuid')),
  deleteVmBackup: (world, call) => deleteVolumeBackups(world, call, ({ groupUuid }) => groupUuid === at(call, 'groupUuid')),
  deleteDatabaseBackup: (world, call) => {
    world.databaseBackups = deleteFrom(world, world.databaseBackups, storagesIn(call), ({ uuid }) => uuid === at(call, 'uuid'))
    return {}
  },

  volumeBackupAction: (world, call) => {
    const { revertVolumeFromVolumeBackup: revert } = call.body as Revert
    if (revert) return revertVolume(world, at(call, 'uuid'), revert.backupStorageUuid)
    const backups = world.volumeBackups.filter(({ uuid }) => uuid === at(call, 'uuid'))
    copyTo(world, backups, way(call))
    return { inventory: backups[0] }
  },
  vmBackupAction: (world, call) => {
    const { revertVmFromVmBackup: revert } = call.body as Revert
    if (revert) return revertVm(world, at(call, 'groupUuid'), revert.backupStorageUuid)
    const backups = world.volumeBackups.filter(({ groupUuid }) => groupUuid === at(call, 'groupUuid'))
    copyTo(world, backups, way(call))
    return { inventories: backups }
  },
  syncDatabaseBackup: (world, call) => {
    const backups = world.databaseBackups.filter(({ uuid }) => uuid === at(call, 'uuid'))
    copyTo(world, backups, way(call))
    return { inventory: backups[0] }
  },

  createVmFromVmBackup: (world, call) => ({ inventory: createVm(world, at(call, 'groupUuid'), params(call)) }),
  createDataVolumeFromBackup: (world, call) => ({ inventory: createDataVolume(world, at(call, 'backupUuid'), params(call)) }),
  vmAction: (world, call) => {
    const vm = ('stopVmInstance' in (call.body as object) ? stopVm : startVm)(world, at(call, 'uuid'))
    return { inventory: vm }
  },
  destroyVm: (world, call) => destroyVm(world, at(call, 'uuid')),
  deleteDataVolume: (world, call) => deleteVolume(world, at(call, 'uuid')),

  recoverDatabase: (world, { body }) =>
    recoverDatabase(
      world,
      (body as { recoverDatabaseFromBackup: Parameters<typeof recoverDatabase>[1] }).recoverDatabaseFromBackup,
    ),
  reconnectImageStore: (world, call) => {
    const { uuid, name, state, status } = reconnect(world, at(call, 'uuid'))
    return { inventory: { uuid, name, state, status } }
  },
  rescanVolumeBackups: (world, call) => rescanVolumes(world, at(call, 'imageStoreUuid'), false),
  rescanVmBackups: (world, call) => rescanVolumes(world, at(call, 'imageStoreUuid'), true),
  rescanDatabaseBackups: (world, call) => {
    const storageUuid = at(call, 'imageStoreUuid')
    const held = world.storages.filter(({ uuid }) => uuid === storageUuid).flatMap(({ databases }) => [...databases.values()])
    const scanned = rescan(
      world,
      storageUuid,
      world.databaseBackups,
      held.map(({ row }) => row),
    )
    world.databaseBackups = scanned.rows
    return { result: scanned.result }
  },

  createSchedulerTrigger: (world, call) => ({ inventory: addTrigger(world, params(call)) }),
  createSchedulerJobGroup: (world, call) => ({ inventory: addGroup(world, params(call)) }),
  createSchedulerJob: (world, call) => ({ inventory: addJob(world, params(call)) }),
  addSchedulerJobsToGroup: (world, call) => {
    join(world, at(call, 'schedulerJobGroupUuid'), params<{ schedulerJobUuids: string[] }>(call).schedulerJobUuids)
    return {}
  },
  addSchedulerJobGroupToTrigger: (world, call) => {
    bind(world, at(call, 'schedulerJobGroupUuid'), at(call, 'schedulerTriggerUuid'))
    return {}
  },
  schedulerTriggerAction: (world, call) => {
    const { updateSchedulerTrigger: change } = call.body as { updateSchedulerTrigger?: { cron?: string } }
    if (change) return { inventory: updateTrigger(world, at(call, 'uuid'), change) }
    runTrigger(world, at(call, 'uuid'))
    return {}
  },
  updateSchedulerJobGroup: (world, call) => {
    const { updateSchedulerJobGroup: change } = call.body as { updateSchedulerJobGroup: Parameters<typeof updateGroup>[2] }
    return { inventory: { uuid: updateGroup(world, at(call, 'uuid'), change).uuid } }
  },
  updateSchedulerJob: (world, call) => {
    const { updateSchedulerJob: change } = call.body as { updateSchedulerJob: Parameters<typeof updateJob>[2] }
    return { inventory: { uuid: updateJob(world, at(call, 'uuid'), change).uuid } }
  },
  deleteSchedulerJob: (world, call) => remove(world, 'jobs', call),
  deleteSchedulerJobGroup: (world, call) => remove(world, 'groups', call),
  deleteSchedulerTrigger: (world, call) => remove(world, 'triggers', call),
}

const at = ({ path }: OperationCall, name: string): string => path[name] ?? ''
const params = <Params extends object = BackupRequest & { type: never; targetResourceUuid: string; schedulerType: string }>({
  body,
}: OperationCall): Params => (body as { params: Params }).params
const storagesIn = ({ query }: OperationCall): string[] => query.getAll('backupStorageUuids')

interface Revert {
  readonly revertVolumeFromVolumeBackup?: { readonly backupStorageUuid?: string }
  readonly revertVmFromVmBackup?: { readonly backupStorageUuid?: string }
}

/** Those of VM backups, or those of single volumes. */
function rescanVolumes(world: World, storageUuid: string, ofVms: boolean): object {
  const held = world.storages.filter(({ uuid }) => uuid === storageUuid).flatMap(({ images }) => [...images.values()])
  const isMeant = ({ groupUuid }: VolumeBackup) => (groupUuid !== undefined) === ofVms
  const [others, own] = [world.volumeBackups.filter((row) => !isMeant(row)), world.volumeBackups.filter(isMeant)]
  const scanned = rescan(world, storageUuid, own, held.map(({ row }) => row).filter(isMeant))
  world.volumeBackups = [...others, ...scanned.rows]
  return { result: scanned.result }
}

function way({ body }: OperationCall): { readonly from: string; readonly to: string } {
  const [asked] = Object.values(body as Record<string, { srcBackupStorageUuid: string; dstBackupStorageUuid: string }>)
  if (!asked) throw new Refusal('SYS.1007', 'the action is missing')
  return { from: asked.srcBackupStorageUuid, to: asked.dstBackupStorageUuid }
}

function deleteVolumeBackups(world: World, call: OperationCall, is: (backup: World['volumeBackups'][number]) => boolean): object {
  if (call.query.get('handleDependency') !== 'true') checkDependents(world, world.volumeBackups.filter(is), storagesIn(call))
  world.volumeBackups = deleteFrom(world, world.volumeBackups, storagesIn(call), is)
  return {}
}

function remove(world: World, what: 'jobs' | 'groups' | 'triggers', call: OperationCall): object {
  removeFrom(world, what, at(call, 'uuid'))
  return {}
}
