// The simulator for rehearsals: no port, time that the rehearsal moves, and backups and a job group that are there already.
import type { StandIn, StandInOptions } from '../../platform.ts'
import { FAULTS } from './answering.ts'
import { backUpDatabase, backUpVm, backUpVolume } from './backups.ts'
import { addGroup, addJob, addTrigger, bind, join } from './scheduler.ts'
import { damages } from './site.ts'
import { startZstackSimulator, type ZstackSimulator } from './start.ts'
import { dateOf } from './world.ts'

/** Where nothing listens, by RFC 2606. */
const URL = 'http://zstack.invalid:8080'
const WRITE_EVERY_MS = 2000
/** In rehearsals each reference stands for the same secret. */
const ANY_SECRET = { $secret: { env: 'REHEARSED' } }
const LONG_AGO_MS = 30 * 86_400_000

export const startStandIn = (options: StandInOptions): Promise<StandIn> => standIn(options, () => {})

/** The same after a disaster: a new management node that knows nothing, and the local storage. */
export async function startLostSite(options: StandInOptions): Promise<StandIn> {
  const site = await standIn(options, (zstack) => zstack.loseSite([zstack.local]))
  return { ...site, known: { ...site.known, storageUrl: ANY_SECRET, mysqlRootPassword: ANY_SECRET } }
}

async function standIn({ seed, startAtMs }: StandInOptions, prepare: (zstack: ZstackSimulator) => void): Promise<StandIn> {
  const zstack = await startZstackSimulator({ seed, rate: 0, startAt: startAtMs })
  const { world, clock, api, local, standby, remote, cloud, vmUuid, volumeUuids } = zstack
  const [root, data] = volumeUuids
  let nextWriteMs = startAtMs
  zstack.write(vmUuid, 6)
  // Of each two, long ago: the older ones have expired by now.
  const [, earlier] = ['holdfast-oldest', 'holdfast-earlier'].map((name) => {
    const request = { name, backupStorageUuid: local.uuid, mode: 'full' } as const
    const made = {
      vm: backUpVm(world, root, request),
      volume: backUpVolume(world, data, request),
      database: backUpDatabase(world, request),
    }
    for (const row of [...made.vm, made.volume, made.database])
      Object.assign(row, { createDate: dateOf(startAtMs - LONG_AGO_MS) })
    zstack.write(vmUuid, 6)
    return made
  })
  if (!earlier) throw new Error('there are two')
  const parameters = { backupStorageUuids: local.uuid, retentionType: 'Count', retentionValue: '7' }
  const scheduled = { name: 'scheduled', type: 'vmBackup', parameters } as const
  const [group, job] = [addGroup(world, scheduled), addJob(world, { ...scheduled, targetResourceUuid: root })]
  const trigger = addTrigger(world, { name: 'scheduled', schedulerType: 'cron', cron: '0 0 1 * * ?' })
  join(world, group.uuid, [job.uuid])
  bind(world, group.uuid, trigger.uuid)
  // Whatever secret a rehearsal takes for the address of a storage.
  world.addresses.set('rehearsed', local)
  const before = new Set(rowsOf().map(({ uuid }) => uuid))
  prepare(zstack)

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
      vmUuid,
      fromStorageUuid: local.uuid,
      remoteStorageUuid: remote.uuid,
      cloudStorageUuid: cloud.uuid,
      localStorageUuid: local.uuid,
      clusterUuid: 'cluster-1',
      groupUuid: earlier.vm[0]?.groupUuid ?? '',
      jobGroupUuid: group.uuid,
      storageUuid: local.uuid,
      keepLast: 1,
      keepDays: 0,
      backupUuid: earlier.volume.uuid,
      groupUuids: [earlier.vm[0]?.groupUuid ?? ''],
      volumeBackupUuids: [earlier.volume.uuid],
      databaseBackupUuids: [earlier.database.uuid],
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
    leaks: async () => [
      ...api.violations,
      ...damages(world),
      ...world.vms.flatMap(({ uuid, name, state }) =>
        uuid === vmUuid && state === 'Stopped' ? [`VM ${name} is stopped, and ran before`] : [],
      ),
    ],
    made: () =>
      rowsOf()
        .filter(({ uuid }) => !before.has(uuid))
        .map(({ line }) => line),
    [Symbol.asyncDispose]: async () => zstack[Symbol.dispose](),
  }
}
