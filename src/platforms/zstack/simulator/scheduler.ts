// Scheduler: jobs, their groups, triggers, and what runs of jobs leave in the history. Triggers fire only when they are run.
import { type BackupRequest, backUpDatabase, backUpVm, backUpVolume, checkLicence, copyTo } from './backups.ts'
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
  checkCron(cron)
  const trigger: Trigger = { ...fresh(world, request), name, schedulerType, ...(cron === undefined ? {} : { cron }) }
  world.triggers.push(trigger)
  return trigger
}

export function addGroup(world: World, request: Named & { readonly type: JobType; readonly parameters?: Parameters }): JobGroup {
  const { name, type, parameters = {} } = request
  checkLicence(world)
  checkParameters(world, parameters)
  const group: JobGroup = { ...fresh(world, request), name, type, parameters, state: 'Enabled', jobsUuid: [], triggersUuid: [] }
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
  const job: SchedulerJob = {
    ...fresh(world, request),
    name,
    type,
    targetResourceUuid,
    parameters,
    state: 'Enabled',
    schedulerJobGroupUuids: [],
  }
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

/** Only what is told changes. */
export function updateTrigger(world: World, uuid: string, { cron }: { readonly cron?: string }): Trigger {
  const trigger = found(world.triggers, uuid, 'trigger')
  checkCron(cron)
  if (cron !== undefined) trigger.cron = cron
  return trigger
}

interface Change {
  readonly state?: 'Enabled' | 'Disabled'
  readonly parameters?: Parameters
}

/** Only what is told changes. Its jobs have parameters of their own. */
export function updateGroup(world: World, uuid: string, change: Change): JobGroup {
  return changed(world, found(world.groups, uuid, 'job group'), change)
}

export function updateJob(world: World, uuid: string, change: Change): SchedulerJob {
  return changed(world, found(world.jobs, uuid, 'job'), change)
}

function changed<Row extends JobGroup | SchedulerJob>(world: World, row: Row, { state, parameters }: Change): Row {
  if (parameters) {
    checkParameters(world, parameters)
    row.parameters = parameters
  }
  if (state) row.state = state
  return row
}

/** Runs all enabled jobs of all enabled groups on the trigger, and writes each into the history. */
export function runTrigger(world: World, triggerUuid: string): void {
  found(world.triggers, triggerUuid, 'trigger')
  for (const group of world.groups.filter(({ triggersUuid }) => triggersUuid.includes(triggerUuid)).filter(enabled)) {
    for (const job of world.jobs.filter(({ uuid }) => group.jobsUuid.includes(uuid)).filter(enabled)) {
      runJob(world, group, job, triggerUuid)
    }
  }
}

const enabled = ({ state }: JobGroup | SchedulerJob): boolean => state === 'Enabled'

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

function checkCron(cron: string | undefined): void {
  if (cron !== undefined && cron.split(' ').length !== 6) throw new Refusal('SYS.1007', 'cron has six fields')
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
  const full = job.parameters.fullBackupTriggerUuid === triggerUuid
  const request = { name: job.name, backupStorageUuid: storage.uuid, ...(full ? { mode: 'full' as const } : {}) }
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
    copyAway(world, job, storage.uuid)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    world.histories.push({ ...base, resultDump: JSON.stringify({ success: false, error: errorOf(error) }), success: false })
  }
}

/** After a good local backup. One that fails does not make the run a failed one. */
function copyAway(world: World, { name, parameters: { remoteBackupStorageUuid: to } }: SchedulerJob, from: string): void {
  if (to === undefined) return
  const own = [...world.volumeBackups, ...world.databaseBackups].filter((backup) => backup.name === name)
  try {
    for (const backup of own) copyTo(world, [backup], { from, to })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
  }
}

function backUp(world: World, { type, targetResourceUuid: target }: SchedulerJob, request: BackupRequest) {
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
