import { afterEach, describe, expect, it } from 'vitest'
import { isEqual } from '../../../src/platforms/simulation/index.ts'
import { chooseExpired } from '../../../src/platforms/zstack/choose.ts'
import { contentOn } from '../../../src/platforms/zstack/simulator/images.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { type Harness, RATE, startHarness } from './harness.ts'

const DAY_MS = 86_400_000
const NOW = Date.UTC(2026, 0, 31)

const row = (uuid: string, daysOld: number, more: JsonObject = {}): JsonObject => ({
  uuid,
  name: `holdfast-${uuid}`,
  volumeUuid: 'v1',
  vmInstanceUuid: 'm1',
  type: 'Data',
  state: 'Enabled',
  status: 'Ready',
  mode: 'full',
  createDate: new Date(NOW - daysOld * DAY_MS).toUTCString(),
  backupStorageRefs: [{ backupStorageUuid: 'local', status: 'Ready' }],
  ...more,
})

function chosen(volumeBackups: readonly JsonObject[], rule: JsonObject = {}) {
  const asked = { storageUuid: 'local', prefix: 'holdfast-', keepLast: 1, keepDays: 7, nowMs: NOW, databaseBackups: [], ...rule }
  const { expired, kept } = chooseExpired({ ...asked, volumeBackups }) as unknown as {
    expired: { uuid: string; kind: string }[]
    kept: { uuid: string; why: string }[]
  }
  return { expired: expired.map(({ uuid }) => uuid), kept: kept.map(({ uuid, why }) => `${uuid} ${why}`) }
}

describe('the rule of retention', () => {
  it('keeps the newest so many of each volume whatever their age, and what is younger than so many days', () => {
    const rows = [row('a', 40), row('b', 30), row('c', 20), row('d', 3), row('other', 40, { volumeUuid: 'v2' })]
    expect(chosen(rows, { keepLast: 2 })).toEqual({ expired: ['b', 'a'], kept: ['d recent', 'c recent', 'other recent'] })
    expect(chosen(rows, { keepDays: 25 }).expired).toEqual(['b', 'a'])
  })

  it('keeps what later increments need, back to the full backup they start from, whoever made them', () => {
    const increment = { mode: 'incremental' }
    const rows = [row('a', 50), row('b', 40), row('c', 30, increment), row('d', 20, increment)]
    expect(chosen(rows)).toEqual({ expired: ['a'], kept: ['d recent', 'c needed', 'b needed'] })
    const byAJob = [row('a', 50), row('b', 40, { ...increment, name: 'nightly' }), row('c', 30)]
    expect(chosen(byAJob)).toEqual({ expired: [], kept: ['c recent', 'b notOurs', 'a needed'] })
  })

  it('takes a backup whose kind nobody told for an increment', () => {
    const { mode: _, ...untold } = row('b', 40)
    expect(chosen([row('a', 50), untold])).toEqual({ expired: [], kept: ['b recent', 'a needed'] })
  })

  it('keeps or deletes all volumes of a VM backup together', () => {
    const vm = (group: string, daysOld: number, data: JsonObject = {}) => [
      row(`${group}-root`, daysOld, { groupUuid: group, type: 'Root', volumeUuid: 'v0' }),
      row(`${group}-data`, daysOld, { groupUuid: group, ...data }),
    ]
    const rows = [...vm('g1', 50), ...vm('g2', 40), ...vm('g3', 30, { mode: 'incremental' })]
    expect(chosen(rows).expired).toEqual(['g1'])
    // One that has lost its root is left for people.
    expect(chosen(rows.slice(1)).expired).toEqual([])
  })

  it('never deletes the last copy: what has no ready copy elsewhere stays', () => {
    const copied = {
      backupStorageRefs: [
        { backupStorageUuid: 'local', status: 'Ready' },
        { backupStorageUuid: 'remote', status: 'Ready' },
      ],
    }
    const rows = [row('a', 50), row('b', 40, copied), row('c', 30)]
    expect(chosen(rows, { copiedTo: 'remote' })).toEqual({ expired: ['b'], kept: ['c recent', 'a notCopied'] })
  })

  it.each([
    ['is being made', { status: 'Creating' }],
    ['failed', { status: 'Error' }],
    ['is being copied here', { backupStorageRefs: [{ backupStorageUuid: 'local', status: 'Creating' }] }],
  ])('neither deletes what %s nor counts it for one of those that stay', (_, unready) => {
    const rows = [row('a', 50), row('b', 40), row('c', 30, unready)]
    expect(chosen(rows)).toEqual({ expired: ['a'], kept: ['c unready', 'b recent'] })
  })

  it('counts nothing that nobody can restore: a backup that is disabled keeps no place', () => {
    const rows = [row('a', 50), row('b', 40), row('c', 30, { state: 'Disabled' })]
    expect(chosen(rows)).toEqual({ expired: ['a'], kept: ['c recent', 'b recent'] })
  })

  it('leaves alone what is on another storage, and what has no readable date', () => {
    const elsewhere = { backupStorageRefs: [{ backupStorageUuid: 'remote', status: 'Ready' }] }
    const rows = [row('a', 50, elsewhere), row('b', 40, { createDate: 'some day' }), row('c', 30)]
    expect(chosen(rows)).toEqual({ expired: ['c'], kept: ['b recent'] })
  })
})

describe('retention', () => {
  let harness: Harness
  afterEach(async () => {
    expect(harness.zstack.api.violations).toEqual([])
    await harness[Symbol.asyncDispose]()
  })

  it('deletes expired backups of VMs, volumes and databases from one storage, and what is left is whole', async () => {
    harness = await startHarness({ rate: RATE })
    const { zstack } = harness
    const { local, remote, vmUuid, volumeUuids, world, clock } = zstack
    const storageUuids = [local.uuid]
    const backUp = async (full: boolean) => {
      zstack.write(vmUuid, 4)
      await harness.run('vm-backup', { vmUuid, storageUuids, full })
      await harness.run('volume-backup', { volumeUuid: volumeUuids[1], storageUuids, full })
      await harness.run('database-backup', { storageUuids })
      clock.advance(2 * DAY_MS)
    }
    await backUp(true)
    const [first] = world.volumeBackups
    const groupUuids = [first?.groupUuid ?? '']
    const copies = { groupUuids, volumeBackupUuids: [], databaseBackupUuids: [] }
    await harness.run('sync-to-remote', { ...copies, fromStorageUuid: local.uuid, remoteStorageUuid: remote.uuid })
    await backUp(true)
    await backUp(false)
    const ended = await harness.run('retention', { storageUuid: local.uuid, keepLast: 1, keepDays: 1 })
    expect(ended).toMatchObject({ status: 'succeeded' })
    // The first VM backup is left where it was copied to; of the second what the third one needs; of databases the last one.
    expect(first?.backupStorageRefs.map(({ backupStorageUuid }) => backupStorageUuid)).toEqual([remote.uuid])
    expect(world.databaseBackups).toHaveLength(1)
    const here = world.volumeBackups.filter(({ backupStorageRefs }) => backupStorageRefs[0]?.backupStorageUuid === local.uuid)
    expect(here.map(({ mode }) => mode)).toEqual(['full', 'full', 'full', 'incremental', 'incremental', 'incremental'])
    expect(here.every(({ uuid }) => isEqual(contentOn(local, uuid), zstack.frozen(uuid)))).toBe(true)
    expect(await harness.run('retention', { storageUuid: local.uuid, keepLast: 1, keepDays: 1 })).toMatchObject({
      outputs: { deleted: [] },
    })
  })

  /** Two full backups of a VM, the older of which has expired, and a volume's part of it. */
  async function oldAndNew(onRequest: () => void) {
    harness = await startHarness({ rate: RATE, onRequest })
    const { zstack } = harness
    const { local, vmUuid, world, clock } = zstack
    const backUp = async () => {
      zstack.write(vmUuid, 4)
      const { outputs } = await harness.run('vm-backup', { vmUuid, storageUuids: [local.uuid], full: true })
      clock.advance(2 * DAY_MS)
      return String(outputs?.groupUuid)
    }
    const groupUuid = await backUp()
    const newer = await backUp()
    const [root, data] = world.volumeBackups.filter((each) => each.groupUuid === groupUuid)
    if (!root || !data) throw new Error('the simulator has a VM of two volumes')
    return { groupUuid, newer, root, data, rule: { storageUuid: local.uuid, keepLast: 1, keepDays: 1 } }
  }

  it.each(['recover-vm', 'recover-volume', 'vm-rollback', 'volume-rollback'])(
    'waits until nothing is recovered from a backup that has expired: %s',
    async (runbook) => {
      let underWay: (() => void) | undefined
      const { groupUuid, root, data, rule } = await oldAndNew(() => underWay?.())
      const { local, vmUuid, world } = harness.zstack
      const retention = Promise.withResolvers<Awaited<ReturnType<Harness['run']>>>()
      const calls = harness.requests.length
      underWay = () => {
        if (harness.requests.slice(calls).every(({ method, path }) => method === 'GET' || path.includes('/accounts/'))) return
        underWay = undefined
        harness.run('retention', rule).then(retention.resolve, retention.reject)
      }
      const from = { fromStorageUuid: local.uuid, localStorageUuid: local.uuid }
      const inputs = {
        'recover-vm': { ...from, groupUuid, name: 'erp-db', clusterUuid: 'c1' },
        'recover-volume': { ...from, backupUuid: data.uuid, name: 'data' },
        'vm-rollback': { ...from, vmUuid, groupUuid },
        'volume-rollback': { ...from, backupUuid: data.uuid },
      }[runbook]
      expect(await harness.run(runbook, inputs ?? {})).toMatchObject({ status: 'succeeded' })
      expect(world.volumeBackups).toEqual(expect.arrayContaining([root, data]))
      expect(await retention.promise).toMatchObject({ status: 'succeeded', outputs: { deleted: [groupUuid], spared: [] } })
      expect(world.volumeBackups).toHaveLength(2)
    },
  )

  it('judges again when it is the turn of a backup: where the newer one has gone meanwhile, it stays', async () => {
    let hasChosen = false
    const { groupUuid, newer, rule } = await oldAndNew(() => {
      const { requests, zstack } = harness
      const path = requests.at(-1)?.path ?? ''
      if (hasChosen && path.includes('/volume-backups')) {
        zstack.world.volumeBackups = zstack.world.volumeBackups.filter((each) => each.groupUuid !== newer)
      }
      hasChosen ||= path.includes('/database-backups')
    })
    expect(await harness.run('retention', rule)).toMatchObject({
      status: 'succeeded',
      outputs: { deleted: [], spared: [groupUuid] },
    })
    expect(harness.zstack.world.volumeBackups).toHaveLength(2)
  })
})
