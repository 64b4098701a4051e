// Scheduler: jobs, their groups, triggers, and what runs of jobs leave in the history. Triggers fire only when they are run.
import { backUpDatabase, backUpVm, backUpVolume, checkLicence } from './backups.ts'
import {
  dateOf,
  errorOf,
  found,
  type JobGroup,
  type JobType,
  Refusal,
  type SchedulerJob,
  type Trigger,
  usable,
  type World,
} from './world.ts'

export interface Named {
  readonly name: string
  readonly resourceUuid?: string
}

type Parameters = Readonly<Record<string, string>>

export function addTrigger(world: World, request: Named & { readonly schedulerType: string; readonly cron?: string }): Trigger {
  const { name, schedulerType, cron } = request
  if (schedulerType === 'cron' && cron === undefined) throw new Refusal('SYS.1007', 'a cron trigger needs cron')
  if (cron !== undefined && cron.split(' ').length !== 6) throw new Refusal('SYS.1007', 'cron has six fields')
  const trigger = { ...fresh(world, request), name, schedulerType, ...(cron === undefined ? {} : { cron }) }
  world.triggers.push(trigger)
  return trigger
}

export function addGroup(world: World, request: Named & { readonly type: JobType; readonly parameters?: Parameters }): JobGroup {
  const { name, type, parameters = {} } = request
  checkLicence(world)
  checkParameters(world, parameters)
  const group = { ...fresh(world, request), name, type, parameters, jobsUuid: [], triggersUuid: [] }
  world.groups.push(group)
  return group
}

export function addJob(
  world: World,
  request: Named & { readonly type: JobType; readonly targetResourceUuid: string; readonly parameters?: Parameters },
): SchedulerJob {
  const { name, type, targetResourceUuid, parameters = {} } = request
  checkLicence(world)
  checkParameters(world, parameters)
  const job = { ...fresh(world, request), name, type, targetResourceUuid, parameters, schedulerJobGroupUuids: [] }
  world.jobs.push(job)
  return job
}

export function join(world: World, groupUuid: string, jobUuids: readonly string[]): void {
  const group = found(world.groups, groupUuid, 'job group')
  const jobs = jobUuids.map((uuid) => found(world.jobs, uuid, 'job'))
  const seats = world.behaviour.jobsPerGroup - group.jobsUuid.length
  if (jobs.length > seats) throw new Refusal('SYS.1007', `the group has ${seats} seats left`)
  for (const job of jobs) {
    if (job.type !== group.type)
      throw new Refusal('SYS.1007', `job ${job.name} is of type ${job.type}, the group of ${group.type}`)
  }
  for (const job of jobs) {
    group.jobsUuid = [...new Set([...group.jobsUuid, job.uuid])]
    job.schedulerJobGroupUuids = [...new Set([...job.schedulerJobGroupUuids, group.uuid])]
  }
}

export function bind(world: World, groupUuid: string, triggerUuid: string): void {
  const group = found(world.groups, groupUuid, 'job group')
  found(world.triggers, triggerUuid, 'trigger')
  if (group.triggersUuid.includes(triggerUuid)) throw new Refusal('SYS.1007', 'the group is on that trigger already')
  if (group.triggersUuid.length >= world.behaviour.triggersPerGroup)
    throw new Refusal('SYS.1007', 'too many triggers on the group')
  group.triggersUuid.push(triggerUuid)
}

/** Runs all jobs of all groups on the trigger, and writes each into the history. */
export function runTrigger(world: World, triggerUuid: string): void {
  found(world.triggers, triggerUuid, 'trigger')
  for (const group of world.groups.filter(({ triggersUuid }) => triggersUuid.includes(triggerUuid))) {
    for (const job of world.jobs.filter(({ uuid }) => group.jobsUuid.includes(uuid))) runJob(world, group, job, triggerUuid)
  }
}

export function removeFrom(world: World, what: 'jobs' | 'groups' | 'triggers', uuid: string): void {
  if (what === 'jobs') {
    world.jobs = world.jobs.filter((job) => job.uuid !== uuid)
    for (const group of world.groups) group.jobsUuid = group.jobsUuid.filter((each) => each !== uuid)
  } else if (what === 'groups') {
    world.groups = world.groups.filter((group) => group.uuid !== uuid)
    for (const job of world.jobs) job.schedulerJobGroupUuids = job.schedulerJobGroupUuids.filter((each) => each !== uuid)
  } else {
    world.triggers = world.triggers.filter((trigger) => trigger.uuid !== uuid)
    for (const group of world.groups) group.triggersUuid = group.triggersUuid.filter((each) => each !== uuid)
  }
}

const fresh = (world: World, { resourceUuid }: Named) => ({
  uuid: resourceUuid ?? world.newId(),
  createDate: dateOf(world.clock.now()),
})

const listed = ({ backupStorageUuids = '' }: Parameters): string[] => backupStorageUuids.split(',').filter(Boolean)

function checkParameters(world: World, parameters: Parameters): void {
  const uuids = listed(parameters)
  if (uuids.length === 0) throw new Refusal('SYS.1007', 'the parameter backupStorageUuids is missing or empty')
  for (const uuid of uuids) found(world.storages, uuid, 'backup storage')
  if ((parameters.remoteRetentionType === undefined) !== (parameters.remoteRetentionValue === undefined)) {
    throw new Refusal('SYS.1007', 'remoteRetentionType and remoteRetentionValue come together')
  }
}

/** The first usable storage of the list is taken: a standby steps in without a word. None: this firing is skipped. */
function runJob(world: World, group: JobGroup, job: SchedulerJob, triggerUuid: string): void {
  const order = listed(job.parameters)
  const storage = order.flatMap((uuid) => world.storages.filter((each) => each.uuid === uuid && usable(each)))[0]
  if (!storage) return
  const request = { name: job.name, backupStorageUuid: storage.uuid }
  const base = {
    id: world.histories.length + 1,
    triggerUuid,
    schedulerJobUuid: job.uuid,
    schedulerJobGroupUuid: group.uuid,
    jobType: job.type,
    startTime: dateOf(world.clock.now()),
    executeTime: world.behaviour.backupRunMs,
    targetResourceUuid: job.targetResourceUuid,
    requestDump: JSON.stringify({ ...request, target: job.targetResourceUuid }),
  }
  try {
    const made = backUp(world, job, request)
    world.histories.push({ ...base, resultDump: JSON.stringify({ success: true, made }), success: true })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    world.histories.push({ ...base, resultDump: JSON.stringify({ success: false, error: errorOf(error) }), success: false })
  }
}

function backUp(
  world: World,
  { type, targetResourceUuid: target }: SchedulerJob,
  request: { name: string; backupStorageUuid: string },
) {
  switch (type) {
    case 'volumeBackup':
      return backUpVolume(world, target, request).uuid
    case 'vmBackup':
      return backUpVm(world, target, request)[0]?.groupUuid
    case 'databaseBackup':
      return backUpDatabase(world, request).uuid
    default:
      return type satisfies never
  }
}
