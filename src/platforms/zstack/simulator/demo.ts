// The demonstration of this platform: one VM, backed up to local storage, copied to a remote one, lost locally, and made anew from there.
import { formatSize } from '../../../values/index.ts'
import type { DemoStage, StartDemo } from '../../platform.ts'
import { isEqual } from '../../simulation/index.ts'
import { serve } from './serve.ts'
import { damages } from './site.ts'
import { startZstackSimulator, type ZstackSimulator } from './start.ts'

const MIB = 2 ** 20
/** Jobs that end at once: polling them every other second, as for a real platform, would make up most of the demonstration. */
const QUICK = { jobRunMs: 0, backupRunMs: 0 }

export const startDemo: StartDemo = async () => {
  const sizesBytes = [128 * MIB, 32 * MIB] as const
  const zstack = await startZstackSimulator({ seed: 'demo', rate: 1, startAt: Date.now(), behaviour: QUICK, sizesBytes })
  const { url, [Symbol.asyncDispose]: close } = await serve(zstack, 0)
  const settings = { url, account: zstack.account, password: zstack.password }
  return {
    targets: { cloud: { connection: 'zstack/Connection', settings } },
    play: (stage) => play(stage, zstack),
    [Symbol.asyncDispose]: async () => {
      await close()
      zstack[Symbol.dispose]()
    },
  }
}

async function play(stage: DemoStage, zstack: ZstackSimulator): Promise<readonly string[]> {
  const { world, vmUuid, local, standby, remote } = zstack
  const backup = async (): Promise<string> => {
    const { groupUuid } = await stage.run('zstack/vm-backup', { vmUuid, storageUuids: [local.uuid, standby.uuid] })
    return String(groupUuid)
  }
  const membersOf = (groupUuid: string) => world.volumeBackups.filter((each) => each.groupUuid === groupUuid)

  stage.chapter('A VM with two volumes on a simulated ZStack, a local storage, its standby and a remote one')
  zstack.write(vmUuid, 400)
  stage.chapter('A full backup to the local storage')
  const full = await backup()
  stage.chapter('The guest goes on writing; an incremental backup')
  zstack.write(vmUuid, 40)
  const incremental = await backup()
  zstack.write(vmUuid, 40)

  stage.chapter('Both copied to the remote storage; then the local one loses all that was on it')
  await stage.run('zstack/sync-to-remote', {
    fromStorageUuid: local.uuid,
    remoteStorageUuid: remote.uuid,
    groupUuids: [full, incremental],
    volumeBackupUuids: [],
    databaseBackupUuids: [],
  })
  zstack.loseImages(local)

  stage.chapter('The VM made anew from the second backup on the remote storage')
  const recovered = await stage.run('zstack/recover-vm', {
    groupUuid: incremental,
    fromStorageUuid: remote.uuid,
    localStorageUuid: local.uuid,
    name: 'erp-db-recovered',
    clusterUuid: 'cluster-1',
  })

  stage.chapter('What came of it')
  const made = world.volumes.filter(({ vmInstanceUuid }) => vmInstanceUuid === recovered.vmUuid)
  const problems = membersOf(incremental).flatMap(({ uuid, type }) => {
    const disk = made.find((each) => each.type === type)?.disk
    if (!disk || !isEqual(disk, zstack.frozen(uuid))) return [`${type} volume: differs from what was backed up`]
    stage.say(`${type} volume: every byte of the new one equals the old one's when it was backed up`)
    return []
  })
  const sizeOf = (groupUuid: string) => formatSize(membersOf(groupUuid).reduce((sum, { size }) => sum + size, 0))
  stage.say(`full: ${sizeOf(full)} of images; incremental: ${sizeOf(incremental)}`)
  const strays = [...world.jobs, ...world.groups, ...world.triggers].map(({ name }) => `${name} is left behind`)
  const lost = [...strays, ...damages(world), ...zstack.api.violations]
  if (lost.length === 0) stage.say('the platform holds four backups, the VM and the new one, and nothing else')
  return [...problems, ...lost]
}
