import { afterEach, describe, expect, it } from 'vitest'
import { isEqual } from '../../../src/platforms/simulation/index.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { type Harness, RATE, startHarness } from './harness.ts'

let harness: Harness
afterEach(async () => {
  expect(harness.zstack.api.violations).toEqual([])
  await harness[Symbol.asyncDispose]()
})

/** Done to the platform after a run has asked for an approval, before it asks the platform anything again. */
let sinceAsked: (() => void) | undefined

function onRequest(): void {
  if (harness.asked.length === 0) return
  const change = sinceAsked
  sinceAsked = undefined
  change?.()
}

/** Calls so far that change something. */
const changes = () => harness.requests.filter(({ method }) => method !== 'GET').length

const guestWrites = () => harness.zstack.write(harness.zstack.vmUuid, 8)

/** A VM backup made of changes since a full one; its guest has gone on writing. */
async function backedUp(grants = true): Promise<JsonObject> {
  harness = await startHarness({ rate: RATE, grants, onRequest })
  const { vmUuid, local } = harness.zstack
  const inputs = { vmUuid, storageUuids: [local.uuid] }
  guestWrites()
  await harness.run('vm-backup', inputs)
  guestWrites()
  const { outputs } = await harness.run('vm-backup', inputs)
  guestWrites()
  return { vmUuid, groupUuid: String(outputs?.groupUuid), fromStorageUuid: local.uuid, localStorageUuid: local.uuid }
}

const vm = () => {
  const [erpDb] = harness.zstack.world.vms
  if (!erpDb) throw new Error('the simulator has a VM')
  return erpDb
}

/** Of each volume of the VM, whether it holds what it did when the backup was made. */
const isBack = (groupUuid: unknown) =>
  harness.zstack.world.volumeBackups
    .filter((each) => each.groupUuid === groupUuid)
    .map(({ uuid, volumeUuid }) => isEqual(harness.zstack.disk(volumeUuid), harness.zstack.frozen(uuid)))

describe('vm-rollback', () => {
  it('takes a VM back in place, byte by byte, and starts it again as it ran before', async () => {
    const inputs = await backedUp()
    expect(isBack(inputs.groupUuid)).toEqual([false, false])
    const ended = await harness.run('vm-rollback', inputs)
    expect(ended).toMatchObject({ status: 'succeeded', outputs: { restarted: true } })
    expect(isBack(inputs.groupUuid)).toEqual([true, true])
    expect(vm()).toMatchObject({ uuid: inputs.vmUuid, state: 'Running' })
    expect(harness.asked).toEqual([expect.stringMatching(/^Overwrite 2 volumes of VM erp-db with the backup of Jan 5, 2026/)])
  })

  it('is taken back itself with a backup made right before', async () => {
    const inputs = await backedUp()
    const { vmUuid, local, volumeUuids } = harness.zstack
    const now = await harness.run('vm-backup', { vmUuid, storageUuids: [local.uuid] })
    await harness.run('vm-rollback', inputs)
    expect(isBack(now.outputs?.groupUuid)).toEqual([false, false])
    await harness.run('vm-rollback', { ...inputs, groupUuid: String(now.outputs?.groupUuid) })
    expect(isBack(now.outputs?.groupUuid)).toEqual(volumeUuids.map(() => true))
  })

  it('fetches a copy from a remote storage first, where the local one is gone', async () => {
    const inputs = await backedUp()
    const { remote, local, world } = harness.zstack
    const copied = { groupUuids: [inputs.groupUuid ?? ''], volumeBackupUuids: [], databaseBackupUuids: [] }
    await harness.run('sync-to-remote', { ...copied, fromStorageUuid: local.uuid, remoteStorageUuid: remote.uuid })
    for (const backup of world.volumeBackups) backup.backupStorageRefs = backup.backupStorageRefs.slice(1)
    local.images.clear()
    guestWrites()
    const ended = await harness.run('vm-rollback', { ...inputs, fromStorageUuid: remote.uuid })
    expect(ended).toMatchObject({ status: 'succeeded' })
    expect(isBack(inputs.groupUuid)).toEqual([true, true])
  })

  it('leaves a VM stopped that was stopped before', async () => {
    const inputs = await backedUp()
    vm().state = 'Stopped'
    expect(await harness.run('vm-rollback', inputs)).toMatchObject({ status: 'succeeded', outputs: { restarted: false } })
    expect(vm().state).toBe('Stopped')
    expect(isBack(inputs.groupUuid)).toEqual([true, true])
  })

  it('starts the VM again when the platform refuses to take it back [P2]', async () => {
    const inputs = await backedUp()
    harness.zstack.api.strike('vmBackupAction', 'failJob', 0)
    harness.zstack.api.strike('vmBackupAction', 'failJob', 0)
    harness.zstack.api.strike('vmBackupAction', 'failJob', 0)
    expect(await harness.run('vm-rollback', inputs)).toMatchObject({ status: 'failed', failure: { type: 'operationFailed' } })
    expect(vm().state).toBe('Running')
  })

  it('touches nothing when nobody approves of it', async () => {
    const inputs = await backedUp(false)
    const calls = changes()
    expect(await harness.run('vm-rollback', inputs)).toMatchObject({ status: 'failed', failure: { type: 'denied' } })
    expect(changes()).toBe(calls)
    expect(vm().state).toBe('Running')
  })

  it('refuses a VM that has lost a volume of the backup: that is a case for recover-vm', async () => {
    const inputs = await backedUp()
    harness.zstack.world.volumes.pop()
    expect(await harness.run('vm-rollback', inputs)).toMatchObject({
      failure: { message: expect.stringContaining('still have every volume') },
    })
    expect(harness.asked).toEqual([])
  })
})

describe('vm-rollback, after an approval that took its time', () => {
  it.each([
    ['Stopped', 'Running', true],
    ['Running', 'Stopped', false],
  ])('goes by the state that the VM has then: it was %s and is %s', async (before, now, restarted) => {
    const inputs = await backedUp()
    vm().state = before
    sinceAsked = () => {
      vm().state = now
    }
    expect(await harness.run('vm-rollback', inputs)).toMatchObject({ status: 'succeeded', outputs: { restarted } })
    expect(vm().state).toBe(now)
    expect(isBack(inputs.groupUuid)).toEqual([true, true])
  })

  it.each([
    ['the VM has lost a volume', () => harness.zstack.world.volumes.pop()],
    ['the VM was paused', () => Object.assign(vm(), { state: 'Paused' })],
    ['a part of the backup was deleted', () => harness.zstack.world.volumeBackups.pop()],
    ['the backup was deleted', () => harness.zstack.world.volumeBackups.splice(0)],
  ])('fails before it changes anything where %s since', async (_, change) => {
    const inputs = await backedUp()
    const calls = changes()
    sinceAsked = change
    expect(await harness.run('vm-rollback', inputs)).toMatchObject({
      failure: { type: 'assertionFailed', message: expect.stringContaining('since this was approved of') },
    })
    expect(changes()).toBe(calls)
    expect(vm().state).not.toBe('Stopped')
  })
})

describe('volume-rollback', () => {
  it('takes one volume back in place, byte by byte, and leaves the other as it is', async () => {
    const { groupUuid, ...from } = await backedUp()
    const data = harness.zstack.world.volumeBackups.find((each) => each.groupUuid === groupUuid && each.type === 'Data')
    const { vmUuid: _, ...storages } = from
    const ended = await harness.run('volume-rollback', { ...storages, backupUuid: data?.uuid ?? '' })
    expect(ended).toMatchObject({ status: 'succeeded', outputs: { volumeUuid: data?.volumeUuid, restarted: true } })
    expect(isBack(groupUuid)).toEqual([false, true])
    expect(vm().state).toBe('Running')
  })

  it('refuses a volume that is attached to no VM any more', async () => {
    const { groupUuid, vmUuid: _, ...storages } = await backedUp()
    const { world } = harness.zstack
    const data = world.volumeBackups.find((each) => each.groupUuid === groupUuid && each.type === 'Data')
    world.volumes = world.volumes.map(({ vmInstanceUuid, ...volume }) =>
      volume.type === 'Root' ? { ...volume, ...(vmInstanceUuid === undefined ? {} : { vmInstanceUuid }) } : volume,
    )
    const ended = await harness.run('volume-rollback', { ...storages, backupUuid: data?.uuid ?? '' })
    expect(ended).toMatchObject({ status: 'failed', failure: { message: expect.stringContaining('attached to a VM') } })
  })
})

describe('volume-rollback, after an approval that took its time', () => {
  const data = () => harness.zstack.world.volumeBackups.find(({ type }) => type === 'Data')

  async function ofData(): Promise<JsonObject> {
    const { groupUuid: _, vmUuid: __, ...storages } = await backedUp()
    return { ...storages, backupUuid: data()?.uuid ?? '' }
  }

  it.each([
    ['Stopped', 'Running', true],
    ['Running', 'Stopped', false],
  ])('goes by the state that the VM has then: it was %s and is %s', async (before, now, restarted) => {
    const inputs = await ofData()
    vm().state = before
    sinceAsked = () => {
      vm().state = now
    }
    expect(await harness.run('volume-rollback', inputs)).toMatchObject({ status: 'succeeded', outputs: { restarted } })
    expect(vm().state).toBe(now)
    expect(isBack(data()?.groupUuid)).toEqual([false, true])
  })

  it.each([
    ['the volume was attached to another VM', 'another'],
    ['the volume was detached', undefined],
  ])('fails before it changes anything where %s since', async (_, vmInstanceUuid) => {
    const inputs = await ofData()
    const calls = changes()
    sinceAsked = () => {
      const { world } = harness.zstack
      world.volumes = world.volumes.map(({ vmInstanceUuid: own, ...volume }) => {
        const to = volume.type === 'Root' ? own : vmInstanceUuid
        return to === undefined ? volume : { ...volume, vmInstanceUuid: to }
      })
    }
    expect(await harness.run('volume-rollback', inputs)).toMatchObject({
      failure: { type: 'assertionFailed', message: expect.stringContaining('not attached to the same VM') },
    })
    expect(changes()).toBe(calls)
    expect(vm().state).toBe('Running')
  })

  it.each([
    ['the VM was paused', () => Object.assign(vm(), { state: 'Paused' })],
    ['the backup was deleted', () => harness.zstack.world.volumeBackups.splice(0)],
  ])('fails before it changes anything where %s since', async (_, change) => {
    const inputs = await ofData()
    const calls = changes()
    sinceAsked = change
    expect(await harness.run('volume-rollback', inputs)).toMatchObject({
      failure: { type: 'assertionFailed', message: expect.stringContaining('since this was approved of') },
    })
    expect(changes()).toBe(calls)
  })
})
