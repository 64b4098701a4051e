// The simulator for rehearsals: no port, time that the rehearsal moves, and a database backup and a VM backup that are there already.
import type { StandIn, StandInOptions } from '../../platform.ts'
import { FAULTS } from './answering.ts'
import { backUpDatabase, backUpVm, backUpVolume } from './backups.ts'
import { damages } from './site.ts'
import { startZstackSimulator } from './start.ts'

/** Where nothing listens, by RFC 2606. */
const URL = 'http://zstack.invalid:8080'
const WRITE_EVERY_MS = 2000

export async function startStandIn({ seed, startAtMs }: StandInOptions): Promise<StandIn> {
  const zstack = await startZstackSimulator({ seed, rate: 0, startAt: startAtMs })
  const { world, clock, api, local, standby, remote, cloud, volumeUuids } = zstack
  const [root, data] = volumeUuids
  let nextWriteMs = startAtMs
  zstack.write(zstack.vmUuid, 6)
  const existing = { name: 'earlier', backupStorageUuid: local.uuid }
  const [rootBackup] = backUpVm(world, root, existing)
  const database = backUpDatabase(world, existing)
  const volume = backUpVolume(world, data, existing)
  const before = new Set(rowsOf().map(({ uuid }) => uuid))

  function rowsOf() {
    const { volumeBackups, databaseBackups, jobs, groups, triggers, vms, volumes } = world
    const loose = volumes.filter(({ vmInstanceUuid, status }) => vmInstanceUuid === undefined && status !== 'Deleted')
    // What a job has backed up is its own, and its retention's.
    const names = new Set(jobs.map(({ name }) => name))
    const own = [...volumeBackups, ...databaseBackups].filter(({ name }) => !names.has(name) && !name.startsWith('job-'))
    return [
      ...own.map(({ uuid, name }) => ({ uuid, line: `backup ${name}` })),
      ...jobs.map(({ uuid, name }) => ({ uuid, line: `job ${name}` })),
      ...groups.map(({ uuid, name }) => ({ uuid, line: `job group ${name}` })),
      ...triggers.map(({ uuid, name }) => ({ uuid, line: `trigger ${name}` })),
      // One in the bin is given up: the platform expunges it.
      ...vms.filter(({ state }) => state !== 'Destroyed').map(({ uuid, name }) => ({ uuid, line: `VM ${name}` })),
      ...loose.map(({ uuid, name }) => ({ uuid, line: `volume ${name}` })),
    ]
  }

  return {
    connection: 'zstack/Connection',
    settings: { url: URL, account: zstack.account, password: zstack.password },
    known: {
      name: 'rehearsed',
      type: 'vmBackup',
      targetUuids: [root],
      storageUuids: [local.uuid, standby.uuid],
      cron: '0 0 1 * * ?',
      retentionType: 'Count',
      retentionValue: 7,
      volumeUuid: data,
      vmUuid: zstack.vmUuid,
      fromStorageUuid: local.uuid,
      remoteStorageUuid: remote.uuid,
      cloudStorageUuid: cloud.uuid,
      localStorageUuid: local.uuid,
      clusterUuid: 'cluster-1',
      groupUuid: rootBackup?.groupUuid ?? '',
      backupUuid: volume.uuid,
      groupUuids: [rootBackup?.groupUuid ?? ''],
      volumeBackupUuids: [volume.uuid],
      databaseBackupUuids: [database.uuid],
    },
    api: { operationOf: api.operationOf, answer: async (request) => api.answer(request) },
    time: {
      get nextDueMs() {
        return clock.nextDueMs
      },
      advanceTo: (ms) => {
        clock.advance(Math.max(0, ms - clock.now()))
        if (clock.now() < nextWriteMs) return
        // Guests go on writing, whatever else is under way.
        for (const { uuid } of world.vms) zstack.write(uuid, 1)
        nextWriteMs = clock.now() + WRITE_EVERY_MS
      },
    },
    asked: () => ({ ...api.asked }),
    faultsOf: (operation) => {
      if (/^(logIn|logOut|getApiJob)/.test(operation)) return []
      return /^(get|query|scan|ask)/.test(operation) ? ['endSession'] : FAULTS
    },
    strike: (operation, fault, skip) => {
      const does = FAULTS.find((kind) => kind === fault)
      if (does) api.strike(operation, does, skip)
    },
    heal: () => api.heal(),
    leaks: async () => [...api.violations, ...damages(world)],
    made: () =>
      rowsOf()
        .filter(({ uuid }) => !before.has(uuid))
        .map(({ line }) => line),
    [Symbol.asyncDispose]: async () => zstack[Symbol.dispose](),
  }
}
