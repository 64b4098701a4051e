// What the simulated platform holds, and its refusals. HTTP is not known here.
import type { PlatformClock, SparseDisk, SparseSnapshot } from '../../simulation/index.ts'

export interface Behaviour {
  /** From the login on, however much it is used. */
  sessionLifeMs: number
  maxSessions: number
  /** How long a call is at work before its effect. */
  jobRunMs: number
  backupRunMs: number
  /** How long the outcome of a call is kept. */
  keepOutcomeMs: number
  /** How long the management node is away after its database was recovered. */
  restartMs: number
  /** What the management node takes for its own address. */
  ownAddress: string
  baseLicence: boolean
  backupLicence: boolean
  projectLicence: boolean
  /** Who the account is. */
  account: 'admin' | 'projectMember'
  /** Of the management node; a database backup of another one is not recovered. */
  version: string
  triggersPerGroup: number
  jobsPerGroup: number
  listLimit: number
}

/** A storage server, whether the management node knows it or not. What is on it outlives the node. */
export interface Storage {
  readonly uuid: string
  readonly name: string
  readonly role: 'local' | 'remote' | 'cloud'
  state: 'Enabled' | 'Disabled'
  /** What the management node knows; it takes a reconnect to learn that a server is back. */
  status: 'Connected' | 'Disconnected'
  /** Whether the server runs. */
  up: boolean
  /** By uuid of the backup. */
  readonly images: Map<string, Image>
  readonly databases: Map<string, DatabaseDump>
}

/** What is held of one volume backup: all of it, or what it adds to the image before. */
export interface Image {
  readonly row: VolumeBackup
  readonly parentUuid?: string
  readonly pages: SparseSnapshot
}

export interface DatabaseDump {
  readonly row: DatabaseBackup
  /** JSON text of the tables. */
  readonly tables: string
}

export interface Nic {
  readonly mac: string
  readonly ip: string
  readonly l3NetworkUuid: string
  readonly deviceId: number
}

export interface Vm {
  readonly uuid: string
  readonly name: string
  readonly rootVolumeUuid: string
  readonly clusterUuid: string
  readonly cpuNum: number
  /** Bytes. */
  readonly memorySize: number
  readonly platform: string
  readonly guestOsType: string
  readonly vmNics: readonly Nic[]
  state: string
}

export interface Volume {
  readonly uuid: string
  readonly name: string
  readonly type: 'Root' | 'Data'
  readonly vmInstanceUuid?: string
  readonly isShareable: boolean
  status: string
  /** Bytes. */
  readonly size: number
  disk: SparseDisk
  /** What the host knows to be on a storage already; it is lost when the VM stops. */
  bitmap?: { readonly backupUuid: string; readonly storageUuid: string; readonly at: SparseSnapshot }
}

export interface StorageRef {
  readonly backupStorageUuid: string
  readonly installPath: string
  readonly status: string
  readonly createDate: string
  readonly lastOpDate: string
}

export interface VolumeBackup {
  readonly uuid: string
  readonly name: string
  readonly volumeUuid: string
  readonly vmInstanceUuid: string
  readonly type: 'Root' | 'Data'
  readonly state: 'Enabled'
  readonly status: 'Ready'
  readonly size: number
  readonly metadata: string
  readonly mode: 'full' | 'incremental'
  readonly groupUuid?: string
  backupStorageRefs: StorageRef[]
  readonly createDate: string
  readonly lastOpDate: string
}

export interface DatabaseBackup {
  readonly uuid: string
  readonly name: string
  readonly state: 'Enabled'
  readonly status: 'Ready'
  readonly size: number
  readonly metadata: string
  backupStorageRefs: StorageRef[]
  readonly createDate: string
  readonly lastOpDate: string
}

export type JobType = 'volumeBackup' | 'vmBackup' | 'databaseBackup'

export interface SchedulerJob {
  readonly uuid: string
  readonly name: string
  readonly type: JobType
  readonly targetResourceUuid: string
  parameters: Readonly<Record<string, string>>
  state: 'Enabled' | 'Disabled'
  schedulerJobGroupUuids: string[]
  readonly createDate: string
}

export interface JobGroup {
  readonly uuid: string
  readonly name: string
  readonly type: JobType
  parameters: Readonly<Record<string, string>>
  state: 'Enabled' | 'Disabled'
  jobsUuid: string[]
  triggersUuid: string[]
  readonly createDate: string
}

export interface Trigger {
  readonly uuid: string
  readonly name: string
  readonly schedulerType: string
  cron?: string
  readonly createDate: string
}

export interface History {
  readonly id: number
  readonly triggerUuid: string
  readonly schedulerJobUuid: string
  readonly schedulerJobGroupUuid: string
  readonly jobType: JobType
  readonly startTime: string
  readonly executeTime: number
  readonly targetResourceUuid: string
  readonly requestDump: string
  readonly resultDump: string
  readonly success: boolean
}

export interface World {
  readonly clock: PlatformClock
  readonly behaviour: Behaviour
  /** 32 hexadecimal digits. */
  newId(): string
  /** All there are, also those that the management node does not know. */
  readonly servers: readonly Storage[]
  /** Servers by their full address, password included. */
  readonly addresses: Map<string, Storage>
  /** Those that the management node knows. */
  storages: Storage[]
  vms: Vm[]
  volumes: Volume[]
  volumeBackups: VolumeBackup[]
  databaseBackups: DatabaseBackup[]
  jobs: SchedulerJob[]
  groups: JobGroup[]
  triggers: Trigger[]
  histories: History[]
  /** What each volume held when it was backed up, by uuid of the backup: the judge's, and no part of the platform. */
  readonly frozen: Map<string, SparseSnapshot>
  /** Until then the management node answers nothing. */
  awayUntilMs: number
}

/** Of a node that has backed nothing up and scheduled nothing yet. */
export const emptyTables = (): Pick<
  World,
  'volumeBackups' | 'databaseBackups' | 'jobs' | 'groups' | 'triggers' | 'histories'
> => ({ volumeBackups: [], databaseBackups: [], jobs: [], groups: [], triggers: [], histories: [] })

export class Refusal extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** What stands behind the answer's `error`. */
export const errorOf = ({ code, message }: Refusal) => ({
  code,
  description: DESCRIPTIONS[code] ?? 'operation error',
  details: message,
})

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  'ID.1000': 'wrong account name or password',
  'ID.1001': 'session expired',
  'ID.1002': 'permission denied',
  'ID.1006': 'max session number exceeded',
  'SYS.1001': 'timeout',
  'SYS.1003': 'resource not found',
  'SYS.1007': 'invalid argument',
}

/** The platform's way to write a time: no zone. */
export const dateOf = (ms: number): string =>
  FORMAT.format(ms)
    .replace(/, (?=\d+:)/, ' ')
    .replaceAll('\u202f', ' ')

const FORMAT = new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' })

export const usable = ({ state, status, up }: Storage): boolean => state === 'Enabled' && status === 'Connected' && up

export function checkUsable(storage: Storage): void {
  if (!usable(storage)) throw new Refusal('BS.1500', `backup storage ${storage.name} cannot be reached`)
}

export function found<Row extends { readonly uuid: string }>(rows: readonly Row[], uuid: string, what: string): Row {
  const row = rows.find((each) => each.uuid === uuid)
  if (!row) throw new Refusal('SYS.1003', `there is no ${what} ${uuid}`)
  return row
}
