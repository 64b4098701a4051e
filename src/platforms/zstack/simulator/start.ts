// Starts a simulated platform: one VM with two volumes, a local storage and its standby, a remote one and one in the public cloud.
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { Secret } from '../../../values/index.ts'
import { createPlatformClock, openapiSliceOf, type PlatformClock } from '../../simulation/index.ts'
import { type Answering, createAnswering } from './answering.ts'
import type { Behaviour, Storage, World } from './world.ts'

export interface ZstackSimulatorOptions {
  readonly seed: string
  /** How fast the platform's time runs; 0 stands still until `clock.advance`. */
  readonly rate: number
  /** Milliseconds since the epoch. */
  readonly startAt: number
  readonly behaviour?: Partial<Behaviour>
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
}

const DEFAULT_BEHAVIOUR: Behaviour = {
  sessionLifeMs: 7_200_000,
  maxSessions: 500,
  jobRunMs: 3000,
  backupRunMs: 20_000,
  keepOutcomeMs: 10_800_000,
  // Behind an address translation: nobody outside reaches it.
  ownAddress: 'http://10.0.0.9:8080',
  baseLicence: true,
  backupLicence: true,
  projectLicence: false,
  account: 'admin',
  triggersPerGroup: 2,
  jobsPerGroup: 100,
  listLimit: 1000,
}

const GIB = 2 ** 30
const PACK = fileURLToPath(new URL('../../../../runbooks/zstack', import.meta.url))

export async function startZstackSimulator({ seed, rate, startAt, behaviour }: ZstackSimulatorOptions): Promise<ZstackSimulator> {
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
  })
  const [local, standby] = [storage('local-1', 'local'), storage('local-2', 'local')]
  const [remote, cloud] = [storage('remote-1', 'remote'), storage('cloud-1', 'cloud')]
  const [vmUuid, root, data] = [newId(), newId(), newId()]
  const volume = { vmInstanceUuid: vmUuid, isShareable: false, status: 'Ready' }
  const world: World = {
    clock,
    behaviour: { ...DEFAULT_BEHAVIOUR, ...behaviour },
    newId,
    storages: [local, standby, remote, cloud],
    vms: [{ uuid: vmUuid, name: 'erp-db', rootVolumeUuid: root, state: 'Running' }],
    volumes: [
      { ...volume, uuid: root, name: 'ROOT-for-erp-db', type: 'Root', size: 40 * GIB },
      { ...volume, uuid: data, name: 'DATA-for-erp-db', type: 'Data', size: 100 * GIB },
    ],
    volumeBackups: [],
    databaseBackups: [],
    jobs: [],
    groups: [],
    triggers: [],
    histories: [],
  }
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
    [Symbol.dispose]: () => clock[Symbol.dispose](),
  }
}
