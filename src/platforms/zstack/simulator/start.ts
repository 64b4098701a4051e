// Starts a simulated platform: one VM with two volumes, a local storage and its standby, a remote one and one in the public cloud.
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { Secret } from '../../../values/index.ts'
import {
  createPlatformClock,
  createSparseDisk,
  guestWrites,
  openapiSliceOf,
  type PlatformClock,
  type SparseDisk,
  type SparseSnapshot,
} from '../../simulation/index.ts'
import { type Answering, createAnswering } from './answering.ts'
import { loseSite } from './site.ts'
import { type Behaviour, emptyTables, found, type Storage, type World } from './world.ts'

export interface ZstackSimulatorOptions {
  readonly seed: string
  /** How fast the platform's time runs; 0 stands still until `clock.advance`. */
  readonly rate: number
  /** Milliseconds since the epoch. */
  readonly startAt: number
  readonly behaviour?: Partial<Behaviour>
  /** Of root volume and data volume, in bytes. */
  readonly sizesBytes?: readonly [root: number, data: number]
}

export interface ZstackSimulator extends Disposable {
  /** May be changed by tests, as the world does. */
  readonly world: World
  readonly clock: PlatformClock
  readonly api: Answering
  readonly account: string
  readonly password: Secret
  readonly local: Storage
  readonly standby: Storage
  readonly remote: Storage
  readonly cloud: Storage
  /** Root volume and data volume of the VM. */
  readonly volumeUuids: readonly [root: string, data: string]
  readonly vmUuid: string
  /** Address of a storage server, with its password, for who has lost the management node. */
  storageUrl(storage: Storage): Secret
  /** What is on a volume now. Throws where there is none. */
  disk(volumeUuid: string): SparseDisk
  /** What the volume held when it was backed up. Throws where there is no such backup. */
  frozen(backupUuid: string): SparseSnapshot
  /** So many writes of a VM's guest, to places that follow from the seed, spread over its volumes. None while it does not run. */
  write(vmUuid: string, count: number): void
  /** A storage server loses all that was on it, and the management node knows it. */
  loseImages(storage: Storage): void
  /** A disaster: of the storage servers only these are left, and a new management node knows nothing. */
  loseSite(survivors: readonly Storage[]): void
}

const USUAL: Behaviour = {
  sessionLifeMs: 7_200_000,
  maxSessions: 500,
  jobRunMs: 3000,
  backupRunMs: 20_000,
  keepOutcomeMs: 10_800_000,
  restartMs: 60_000,
  // Behind an address translation: nobody outside reaches it.
  ownAddress: 'http://10.0.0.9:8080',
  baseLicence: true,
  backupLicence: true,
  projectLicence: false,
  account: 'admin',
  version: '5.1.0',
  triggersPerGroup: 2,
  jobsPerGroup: 100,
  listLimit: 1000,
}

const GIB = 2 ** 30
const SIZES = [8 * 2 ** 20, 4 * 2 ** 20] as const
const PACK = fileURLToPath(new URL('../../../../runbooks/zstack', import.meta.url))

export async function startZstackSimulator({
  seed,
  rate,
  startAt,
  behaviour,
  sizesBytes = SIZES,
}: ZstackSimulatorOptions): Promise<ZstackSimulator> {
  const openapi = await openapiSliceOf(PACK)
  const clock = createPlatformClock(startAt, rate)
  let ids = 0
  const idFrom = (text: string) => createHash('sha256').update(`${seed}/${text}`).digest('hex').slice(0, 32)
  const newId = () => idFrom(String(ids++))
  const storage = (name: string, role: Storage['role']): Storage => ({
    uuid: newId(),
    name,
    role,
    state: 'Enabled',
    status: 'Connected',
    up: true,
    images: new Map(),
    databases: new Map(),
  })
  const [local, standby] = [storage('local-1', 'local'), storage('local-2', 'local')]
  const [remote, cloud] = [storage('remote-1', 'remote'), storage('cloud-1', 'cloud')]
  const servers = [local, standby, remote, cloud]
  const addressOf = ({ name }: Storage) => `ssh://root:${idFrom('storage password')}@${name}.invalid/zstack_bs`
  const [vmUuid, root, data] = [newId(), newId(), newId()]
  const volume = (uuid: string, type: 'Root' | 'Data', size: number) => ({
    uuid,
    name: `${type.toUpperCase()}-for-erp-db`,
    type,
    vmInstanceUuid: vmUuid,
    isShareable: false,
    status: 'Ready',
    size,
    disk: createSparseDisk(size),
  })
  const world: World = {
    clock,
    behaviour: { ...USUAL, ...behaviour },
    newId,
    servers,
    addresses: new Map(servers.map((each) => [addressOf(each), each])),
    storages: [local, standby, remote, cloud],
    vms: [
      {
        uuid: vmUuid,
        name: 'erp-db',
        rootVolumeUuid: root,
        clusterUuid: 'cluster-1',
        cpuNum: 4,
        memorySize: 8 * GIB,
        platform: 'Linux',
        guestOsType: 'CentOS 7',
        vmNics: [{ mac: 'fa:c2:f9:87:13:00', ip: '172.20.118.6', l3NetworkUuid: newId(), deviceId: 0 }],
        state: 'Running',
      },
    ],
    volumes: [volume(root, 'Root', sizesBytes[0]), volume(data, 'Data', sizesBytes[1])],
    ...emptyTables(),
    frozen: new Map(),
    awayUntilMs: 0,
  }
  const write = guestWrites(seed)
  const account = 'backup'
  const password = new Secret(idFrom('password'))
  return {
    world,
    clock,
    api: createAnswering(world, openapi, { account, password }),
    account,
    password,
    local,
    standby,
    remote,
    cloud,
    volumeUuids: [root, data],
    vmUuid,
    storageUrl: (each) => new Secret(addressOf(each)),
    disk: (volumeUuid) => found(world.volumes, volumeUuid, 'volume').disk,
    frozen: (backupUuid) => {
      const then = world.frozen.get(backupUuid)
      if (!then) throw new Error(`there was no backup ${backupUuid}`)
      return then
    },
    write: (vm, count) => {
      if (found(world.vms, vm, 'VM').state !== 'Running') return
      const disks = world.volumes.flatMap(({ vmInstanceUuid, disk }) => (vmInstanceUuid === vm ? [disk] : []))
      write(disks, count)
    },
    loseImages: ({ uuid, images, databases }) => {
      images.clear()
      databases.clear()
      for (const row of [...world.volumeBackups, ...world.databaseBackups]) {
        row.backupStorageRefs = row.backupStorageRefs.filter(({ backupStorageUuid }) => backupStorageUuid !== uuid)
      }
    },
    loseSite: (survivors) => loseSite(world, survivors),
    [Symbol.dispose]: () => clock[Symbol.dispose](),
  }
}
