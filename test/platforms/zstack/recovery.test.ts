import { afterEach, describe, expect, it } from 'vitest'
import { isEqual } from '../../../src/platforms/simulation/index.ts'
import { type Harness, RATE, startHarness } from './harness.ts'

let harness: Harness
afterEach(async () => {
  expect(harness.zstack.api.violations).toEqual([])
  await harness[Symbol.asyncDispose]()
})

const NONE = { groupUuids: [], volumeBackupUuids: [], databaseBackupUuids: [] }
const COPIES = {
  local: undefined,
  remote: ['sync-to-remote', 'remoteStorageUuid'],
  cloud: ['sync-to-cloud', 'cloudStorageUuid'],
} as const

/**
 * A VM backup and one of its data volume, both made of changes since a full one, on a storage: straight on the local one, else as copies
 * whose local originals are gone. The guest writes before, between and after.
 */
async function backedUpTo(where: keyof typeof COPIES) {
  harness = await startHarness({ rate: RATE })
  const { local, vmUuid, volumeUuids, world } = harness.zstack
  const guestWrites = () => harness.zstack.write(vmUuid, 8)
  guestWrites()
  await harness.run('vm-backup', { vmUuid, storageUuids: [local.uuid] })
  guestWrites()
  const vm = await harness.run('vm-backup', { vmUuid, storageUuids: [local.uuid] })
  guestWrites()
  const volume = await harness.run('volume-backup', { volumeUuid: volumeUuids[1], storageUuids: [local.uuid] })
  expect(world.volumeBackups.map(({ mode }) => mode)).toEqual(['full', 'full', 'incremental', 'incremental', 'incremental'])
  guestWrites()
  const [groupUuid, backupUuid] = [String(vm.outputs?.groupUuid), String(volume.outputs?.backupUuid)]
  const copy = COPIES[where]
  if (copy) {
    const [runbook, input] = copy
    const asked = { ...NONE, groupUuids: [groupUuid], volumeBackupUuids: [backupUuid] }
    await harness.run(runbook, { fromStorageUuid: local.uuid, [input]: harness.zstack[where].uuid, ...asked })
    for (const backup of world.volumeBackups) backup.backupStorageRefs = backup.backupStorageRefs.slice(1)
    local.images.clear()
  }
  return { groupUuid, backupUuid, fromStorageUuid: harness.zstack[where].uuid, localStorageUuid: local.uuid }
}

/** Uuids of the volumes' backups in a VM backup. */
const backupsIn = (groupUuid: string) =>
  harness.zstack.world.volumeBackups.flatMap((each) => (each.groupUuid === groupUuid ? [each.uuid] : []))

const holds = (volumeUuid: string | undefined, backupUuid: string | undefined) =>
  isEqual(harness.zstack.disk(volumeUuid ?? ''), harness.zstack.frozen(backupUuid ?? ''))

describe.each(['local', 'remote', 'cloud'] as const)(
  'data that was deleted by mistake, or was on primary storage that is damaged',
  (where) => {
    it(`is recovered from ${where} storage: a VM with all its volumes, byte by byte what they held`, async () => {
      const { backupUuid: _, ...from } = await backedUpTo(where)
      const [erpDb] = harness.zstack.world.volumes
      const meanwhile = isEqual(
        erpDb?.disk ?? harness.zstack.frozen(''),
        harness.zstack.frozen(backupsIn(from.groupUuid)[0] ?? ''),
      )
      expect(meanwhile).toBe(false)
      harness.zstack.world.vms = []
      harness.zstack.world.volumes = []
      const ended = await harness.run('recover-vm', { ...from, name: 'erp-db', clusterUuid: 'c1', start: true })
      expect(ended).toMatchObject({ status: 'succeeded' })
      const { vms, volumes } = harness.zstack.world
      expect(vms).toMatchObject([
        { uuid: ended.outputs?.vmUuid, name: `erp-db-run-${where === 'local' ? 4 : 5}`, state: 'Running' },
      ])
      expect(volumes.map(({ type, vmInstanceUuid }) => [type, vmInstanceUuid])).toEqual([
        ['Root', vms[0]?.uuid],
        ['Data', vms[0]?.uuid],
      ])
      expect(volumes.map(({ uuid }, index) => holds(uuid, backupsIn(from.groupUuid)[index]))).toEqual([true, true])
    })

    it(`is recovered from ${where} storage: a volume, byte by byte what it held`, async () => {
      const { groupUuid: _, ...from } = await backedUpTo(where)
      const ended = await harness.run('recover-volume', { ...from, name: 'data' })
      expect(ended).toMatchObject({ status: 'succeeded' })
      expect(harness.zstack.world.volumes.at(-1)).toMatchObject({
        uuid: ended.outputs?.volumeUuid,
        type: 'Data',
        status: 'Ready',
      })
      expect(holds(String(ended.outputs?.volumeUuid), from.backupUuid)).toBe(true)
    })
  },
)

describe('a recovery', () => {
  it('takes nothing that is not on the storage, or not whole, and then makes nothing', async () => {
    const { backupUuid: _, ...from } = await backedUpTo('local')
    const fromStorageUuid = harness.zstack.remote.uuid
    const asked = { ...from, name: 'erp-db', clusterUuid: 'c1' }
    expect(await harness.run('recover-vm', { ...asked, fromStorageUuid })).toMatchObject({ failure: { type: 'assertionFailed' } })
    const { world } = harness.zstack
    world.volumeBackups = world.volumeBackups.filter(({ uuid }) => uuid !== backupsIn(from.groupUuid)[0])
    expect(await harness.run('recover-vm', asked)).toMatchObject({ failure: { message: expect.stringContaining('not whole') } })
    expect(harness.zstack.world.vms).toHaveLength(1)
  })

  it('leaves the old VM as it is', async () => {
    const { backupUuid: _, ...from } = await backedUpTo('local')
    await harness.run('recover-vm', { ...from, name: 'erp-db', clusterUuid: 'c1' })
    expect(harness.zstack.world.vms.map(({ state }) => state)).toEqual(['Running', 'Stopped'])
  })

  it('finds the VM that was made though the platform gave the call up, and so makes one only', async () => {
    const { backupUuid: _, ...from } = await backedUpTo('local')
    harness.zstack.api.strike('createVmFromVmBackup', 'timeOutJob', 0)
    expect(await harness.run('recover-vm', { ...from, name: 'erp-db', clusterUuid: 'c1' })).toMatchObject({ status: 'succeeded' })
    expect(harness.zstack.world.vms).toHaveLength(2)
  })
})
