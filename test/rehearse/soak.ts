// A day of hourly backups in leaping time: the true engine, actions, journal and vault, with a part of all calls going wrong all day long.
// The far side's own state is the judge; what grows is measured.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Journal, openJournal } from '../../src/journal/index.ts'
import type { Handlers } from '../../src/packs/index.ts'
import { keepOpen } from '../../src/platforms/block-transfer/open-vaults.ts'
import { type Platform, platforms, type StandIn } from '../../src/platforms/index.ts'
import { standInOf } from '../../src/platforms/sangfor-scp/simulator/stand-in.ts'
import { type ScpSimulator, startScpSimulator } from '../../src/platforms/sangfor-scp/simulator/start.ts'
import { WIRE_FAULTS, type WireFault } from '../../src/rehearse/model.ts'
import { createRandom } from '../../src/rehearse/random.ts'
import { openEngine, openStage } from '../../src/rehearse/stage.ts'
import { type JsonObject, Secret } from '../../src/values/index.ts'
import { initVault, openVault } from '../../src/vault/index.ts'
import { sceneOf } from './scenes.ts'

export interface SoakOptions {
  readonly hours: number
  readonly vms: number
  /** Part of all requests that meet a fault. */
  readonly faultRate: number
  readonly seed: string
  /** For the journal and the vault. */
  readonly folder: string
  readonly onHour?: (hour: SoakHour) => void
}

export interface SoakHour {
  readonly hour: number
  readonly status: string
  readonly failure?: string
  /** On the run's own clock. */
  readonly tookMs: number
  /** Restore points that this run has committed. */
  readonly points: number
  /** Settled by `reap` once nothing went wrong any more. */
  readonly reaped: number
  /** After the hour's run: what is still held or owed; a line each. */
  readonly leaks: readonly string[]
  /** After a collection, with no vault open. */
  readonly heapBytes: number
  /** All that the process takes, what buffers hold included. */
  readonly residentBytes: number
  readonly journalBytes: number
}

export interface SoakReport {
  readonly hours: readonly SoakHour[]
  readonly byStatus: Readonly<Record<string, number>>
  readonly points: number
  readonly requests: number
  readonly renewals: number
  readonly faults: Readonly<Record<string, number>>
  /** What the vault and the platform say at the end, every stored byte read; a line each. */
  readonly problems: readonly string[]
}

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const DISK_BYTES = 256 * 1024
const PARALLEL = 16
const PARTS = 1_000_000
const PASSWORD = new Secret('soaked')
/** The password guards nothing, and the vault is opened every hour. */
const KEY_COST = 1024
/** Runs that ended longer ago are removed from the journal. */
const KEPT_HOURS = 3

/** Each copy takes so long that its lease has to be renewed, and less than stalls are noticed after. */
const COPY_MS = { least: MINUTE_MS, more: 3 * MINUTE_MS } as const

export async function soak({ hours, vms, faultRate, seed, folder, onHour }: SoakOptions): Promise<SoakReport> {
  await using opened = new AsyncDisposableStack()
  const scene = sceneOf('consistency-group-backup')
  const vaultFolder = join(folder, 'vault')
  const far = await farSideOf(vms, seed, vaultFolder)
  const stage = {
    ...(await openStage(far.platforms, [scene], seed, opened)),
    journal: opened.use(openJournal(join(folder, 'journal.sqlite'))),
  }
  const { clock, wire, standIns, journal } = stage
  const scp = standIns.find(({ connection }) => connection === 'sangfor-scp/Connection')
  const random = createRandom(`${seed}/wire`)
  const faults: Record<string, number> = {}
  const draw = (): WireFault | undefined => {
    if (random.below(PARTS) >= faultRate * PARTS) return undefined
    const fault = random.pick(WIRE_FAULTS)
    faults[fault] = (faults[fault] ?? 0) + 1
    return fault
  }
  const done: SoakHour[] = []
  let onStuck = (): void => {}
  void clock.stuck.then(() => onStuck())
  /** No race: a promise that never settles would keep all that ever raced with it. */
  const unlessStuck = <T>(work: Promise<T>): Promise<T | undefined> =>
    new Promise((resolve, reject) => {
      onStuck = () => resolve(undefined)
      work.then(resolve, reject)
    })
  const asked: Record<string, number> = {}

  /** One hour's run, with an engine and an open vault of its own; nothing of it may stay in memory. */
  async function perform(runId: string): Promise<Pick<SoakHour, 'status' | 'failure' | 'tookMs' | 'reaped'>> {
    const startedMs = clock.passedMs
    await using vault = await openVault(vaultFolder, PASSWORD, { threads: 0 })
    const letGo = keepOpen(vaultFolder, vault)
    const { engine } = openEngine(stage, journal, runId, 0)
    const inputs = { ...scene.inputs(far.known()), parallelVms: PARALLEL }
    const run = await engine.start({ ...scene.start, inputs, targets: scene.targets })
    const outcome = await unlessStuck(run.ended)
    const tookMs = clock.passedMs - startedMs
    wire.heal()
    const owed = await journal.obligations({ open: true, runId })
    if (owed.length > 0) await unlessStuck(engine.reap(runId))
    await engine[Symbol.asyncDispose]()
    letGo()
    Object.assign(asked, scp?.asked())
    const { status = 'stuck', failure } = outcome ?? {}
    return { status, ...(failure ? { failure: failure.message } : {}), tookMs, reaped: owed.length }
  }

  for (let hour = 1; hour <= hours; hour += 1) {
    far.guestsWrite(hour)
    const runId = runIdOf(hour)
    const pointsBefore = far.points.size
    wire.strikeOften(draw)
    const { tookMs, reaped, ...ended } = await perform(runId)
    await clock.sleep(Math.max(MINUTE_MS, hour * HOUR_MS - clock.passedMs))
    await prune(journal, hour)
    const still = await journal.obligations({ open: true, runId })
    const report: SoakHour = {
      hour,
      ...ended,
      tookMs,
      points: far.points.size - pointsBefore,
      reaped,
      leaks: [
        ...(ended.status === 'stuck' ? ['the run never ends'] : []),
        ...far.leaks(),
        ...still.map(({ obligation }) => `never settled: ${obligation.id}`),
      ],
      ...memoryAfterCollection(),
      journalBytes: await sizeOf(join(folder, 'journal.sqlite')),
    }
    done.push(report)
    onHour?.(report)
  }
  return {
    hours: done,
    byStatus: Object.fromEntries([...Map.groupBy(done, ({ status }) => status)].map(([status, { length }]) => [status, length])),
    points: far.points.size,
    requests: Object.values(asked).reduce((sum, times) => sum + times, 0),
    renewals: asked.renewBackupResource ?? 0,
    faults,
    problems: (await Promise.all(standIns.map((standIn) => standIn.leaks()))).flat(),
  }
}

/** As `runs prune` does, with a retention of hours. */
async function prune(journal: Journal, hour: number): Promise<void> {
  await journal.removeRun(runIdOf(hour - KEPT_HOURS))
  await journal.removeUnusedDocuments()
}

const runIdOf = (hour: number): string => `hour-${String(hour).padStart(3, '0')}`

/** The shipped platforms, with an SCP of that many VMs in one group, a vault in a folder, and with copies that take minutes. */
async function farSideOf(vms: number, seed: string, vaultFolder: string) {
  let scp: ScpSimulator | undefined
  let known: JsonObject = {}
  const guests: { write(count: number): unknown }[] = []
  const slow = createRandom(`${seed}/copies`)

  async function start(startAtMs: number) {
    scp = await startScpSimulator({ seed, rate: 0, startAt: startAtMs, listens: false })
    const ids: string[] = []
    for (let n = 1; n <= vms; n += 1) {
      const { id, guest } = scp.addVm({ name: `vm-${n}`, disks: [{ sizeBytes: DISK_BYTES }, { sizeBytes: DISK_BYTES }] })
      guest.write(2)
      ids.push(id)
      guests.push(guest)
    }
    const groupId = scp.addGroup('all', ids)
    known = { groupId }
    return standInOf(scp, groupId, ids)
  }
  const points = new Set<string>()
  const slowAndCounted = ({
    'block-transfer/copy': copy,
    'block-transfer/point.commit': commit,
    ...others
  }: Handlers): Handlers => {
    if (!copy || !commit) throw new Error('nothing copies, or nothing commits')
    return {
      ...others,
      'block-transfer/copy': async (input, context) => {
        await context.clock.sleep(COPY_MS.least + slow.below(COPY_MS.more), context.signal)
        return copy(input, context)
      },
      'block-transfer/point.commit': async (input, context) => {
        const output = await commit(input, context)
        points.add(String(output.pointId))
        return output
      },
    }
  }
  return {
    platforms: platforms.map((platform): Platform => {
      if (platform.pack === 'sangfor-scp')
        return {
          ...platform,
          standIn:
            async () =>
            ({ startAtMs }) =>
              start(startAtMs),
        }
      if (platform.pack === 'block-transfer')
        return { ...platform, handlers: slowAndCounted(platform.handlers), standIn: async () => () => vaultIn(vaultFolder) }
      return platform
    }),
    points,
    known: () => known,
    /** A quarter of the VMs an hour. */
    guestsWrite: (hour: number) => {
      for (const [n, guest] of guests.entries()) if (n % 4 === hour % 4) guest.write(1)
    },
    leaks: () => [...(scp?.leaks() ?? []).filter((line) => !line.startsWith('task ')), ...(scp?.violations ?? [])],
  }
}

/** A true vault on a true disk: what it stores takes no memory. */
async function vaultIn(folder: string): Promise<StandIn> {
  await initVault(folder, PASSWORD, { keyCost: KEY_COST })
  return {
    connection: 'block-transfer/Vault',
    settings: { directory: folder, password: PASSWORD },
    known: {},
    asked: () => ({}),
    faultsOf: () => [],
    strike: () => {},
    heal: () => {},
    leaks: async () => {
      await using vault = await openVault(folder, PASSWORD, { threads: 0 })
      const { problems, damagedPoints } = await vault.verify({ data: true })
      return [...problems, ...damagedPoints.map(({ id }) => `restore point ${id} is damaged`)]
    },
    made: () => [],
    async [Symbol.asyncDispose]() {},
  }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function memoryAfterCollection(): Pick<SoakHour, 'heapBytes' | 'residentBytes'> {
  collect()
  const { heapUsed, rss } = process.memoryUsage()
  return { heapBytes: heapUsed, residentBytes: rss }
}

const sizeOf = async (path: string): Promise<number> => (await stat(path)).size
