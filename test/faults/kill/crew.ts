// A crew: several runs that one process performs at once, each on a far side of its own, from one journal. Killing the process kills
// them all; whichever process comes next takes up what is left. Here, where nothing is killed, it is made and judged.
import { mkdir } from 'node:fs/promises'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { createEngine, fastClock } from '../../../src/engine/index.ts'
import { createMemoryJournal, type Journal, openJournal } from '../../../src/journal/index.ts'
import type { Outcome } from '../../../src/kernel/index.ts'
import { type Platform, platforms as shippedPlatforms } from '../../../src/platforms/index.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { initVault, openVault } from '../../../src/vault/index.ts'
import type { CrewRun } from './crew-file.ts'
import { openCrew, writeCrew } from './crew-file.ts'
import { type FarSide, openFarSide, PASSWORD } from './far-side.ts'
import { earlierOf, type Shipped, typesOf } from './shipped.ts'
import { comparePoints, digestsOf } from './whole.ts'

export interface Crew extends AsyncDisposable {
  readonly folder: string
  readonly size: number
  readonly farSides: readonly FarSide[]
  /** Runbooks of the runs that stand in the journal and have not ended. */
  underWay(): Promise<readonly string[]>
  /** How many obligations are open. */
  owed(): Promise<number>
  /** When all have ended: what came of each. */
  judge(): Promise<readonly Judged[]>
}

export interface Judged {
  readonly runbook: string
  readonly status: string
  readonly failure?: string
  /** Points whose bytes were held against their VM's disks, and VMs that were against the point that they were restored from. */
  readonly equal: number
  /** What must not be; a line each. */
  readonly violations: readonly string[]
}

export interface CrewOptions {
  readonly folder: string
  readonly scenes: readonly Shipped[]
  readonly seed: string
  /** An empty one that each run gets a copy of. */
  readonly emptyVault: string
  /** Default: the shipped ones, with their stand-ins. */
  readonly platforms?: readonly Platform[]
  /** False: the process that performs the crew starts the runs itself. Else they stand in the journal already, and cost it less. */
  readonly isPrepared?: boolean
}

interface Member {
  readonly scene: Shipped
  readonly run: CrewRun
  readonly far: FarSide
  readonly madeBefore: readonly string[]
  /** Of the VMs' disks. */
  readonly digestsBefore: ReadonlyMap<string, string>
}

/** A lease of five minutes takes some seconds: long enough for another process to start. */
const HIGHEST_RATE = 40
const LOWEST_RATE = 8

/** Slower where the machine is busy with more than its cores can do, or what takes its time would be late. */
const rateNow = (): number => Math.max(LOWEST_RATE, HIGHEST_RATE / Math.max(1, (loadavg()[0] ?? 0) / availableParallelism()))

const ATTEMPTS = 8

/** Nothing in it is worth a guess, and it is opened thousands of times. */
export const makeEmptyVault = (folder: string): Promise<void> => initVault(folder, PASSWORD, { keyCost: 1024 })

export async function openCrewOf({
  folder,
  scenes,
  seed,
  emptyVault,
  platforms = shippedPlatforms,
  isPrepared = true,
}: CrewOptions): Promise<Crew> {
  await using opened = new AsyncDisposableStack()
  await mkdir(folder)
  const startedAt = Date.now()
  const rate = rateNow()
  const clock = fastClock(rate, startedAt)
  const fars: FarSide[] = []
  for (const [number, scene] of scenes.entries()) {
    const vault = { folder: join(folder, `vault-${number}`), empty: emptyVault }
    fars.push(
      opened.use(await openFarSide(platforms, typesOf(scene, ...earlierOf(scene, {})), `${seed}/${number}`, clock, vault)),
    )
  }
  const connections = Object.fromEntries(
    fars.flatMap((far, number) => Object.entries(far.connections).map(([type, each]) => [targetOf(number, type), each])),
  )
  const file = { rate, startedAt, connections }
  await writeCrew(folder, { ...file, runs: [] })
  const members = await Promise.all(scenes.map(member))
  const runs = members.map(({ run }) => run)
  await writeCrew(folder, { ...file, runs })
  if (isPrepared) await prepare()
  const running = opened.move()

  async function member(scene: Shipped, number: number): Promise<Member> {
    const far = fars[number] as FarSide
    const digestsBefore = digestsOf(far.standIns, far.known)
    let known = far.known
    for (const [n, earlier] of earlierOf(scene, known).entries()) {
      known = { ...known, ...(await succeedHere(earlier, number, `before-${number}-${n}`, earlier.inputs(known))) }
    }
    const run = { id: `run-${number}`, runbook: scene.name, inputs: scene.inputs(known), targets: targetsOf(scene, number) }
    return { scene, far, run, madeBefore: made(far), digestsBefore }
  }

  /** What a killed run needs before: its outputs. On a machine that is busy, time that runs fast may run out. */
  async function succeedHere(scene: Shipped, number: number, id: string, inputs: CrewRun['inputs']): Promise<JsonObject> {
    for (let left = ATTEMPTS; ; left -= 1) {
      const { status, failure, outputs = {} } = await performHere(scene, number, `${id}-${left}`, inputs)
      if (status === 'succeeded') return outputs
      if (left === 1) throw new Error(`${scene.name}, which comes before: ${failure?.message ?? status}`)
    }
  }

  /** To its end, in this process. */
  async function performHere(scene: Shipped, number: number, id: string, inputs: CrewRun['inputs']): Promise<Outcome> {
    await using crew = await openCrew(folder, 0)
    await using engine = createEngine({ ...crew.options, journal: createMemoryJournal(), owner: 'before', newRunId: () => id })
    return await (await engine.start({ ...scene.start, inputs, targets: targetsOf(scene, number) })).ended
  }

  /** The runs stand in the journal, as a process leaves them that dies just after it has written that they are to be. */
  async function prepare(): Promise<void> {
    await using journal = openJournal(join(folder, 'journal.sqlite'))
    await using crew = await openCrew(folder)
    const died = new Error('it died here')
    const mortal: Journal = { ...journal, claim: () => Promise.reject(died) }
    for (const { scene, run } of members) {
      await using engine = createEngine({ ...crew.options, journal: mortal, owner: 'before', newRunId: () => run.id })
      const { inputs, targets } = run
      await engine.start({ ...scene.start, inputs, targets }).catch((error: unknown) => {
        if (error !== died) throw error
      })
    }
  }

  async function underWay(): Promise<readonly string[]> {
    await using journal = openJournal(join(folder, 'journal.sqlite'))
    const running = new Set((await journal.runs({ status: 'running' })).map(({ id }) => id))
    return members.flatMap(({ scene, run }) => (running.has(run.id) ? [scene.name] : []))
  }

  async function owed(): Promise<number> {
    await using journal = openJournal(join(folder, 'journal.sqlite'))
    return (await journal.obligations({ open: true })).length
  }

  async function judge(): Promise<readonly Judged[]> {
    await using journal = openJournal(join(folder, 'journal.sqlite'))
    return await Promise.all(members.map((each) => judgeOne(journal, each)))
  }

  return {
    folder,
    size: members.length,
    farSides: fars,
    underWay,
    owed,
    judge,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

async function judgeOne(journal: Journal, member: Member): Promise<Judged> {
  const { scene, far, madeBefore } = member
  const { id } = member.run
  const run = await journal.run(id)
  const open = await journal.obligations({ open: true, runId: id })
  const locks = (await journal.locks()).filter(({ runId }) => runId === id)
  const leaks = (await Promise.all(far.standIns.map((standIn) => standIn.leaks()))).flat()
  const status = run?.status ?? 'neverBegun'
  const lefts = status === 'succeeded' ? [] : made(far).filter((line) => !madeBefore.includes(line))
  const { equal, problems } = await judgeVault(member, run?.outcome?.outputs)
  return {
    runbook: scene.name,
    status,
    ...(run?.outcome?.failure ? { failure: run.outcome.failure.message } : {}),
    equal,
    violations: [
      ...(status === 'running' ? ['the run never ended'] : []),
      ...open.map(({ obligation }) => `never settled: ${obligation.id}`),
      ...locks.map(({ name }) => `still locked: ${name}`),
      ...leaks.map((line) => `left behind: ${line}`),
      ...lefts.map((line) => `left behind by a run that did not succeed: ${line}`),
      ...problems,
    ],
  }
}

async function judgeVault({ far: { vaultFolder, standIns }, run, digestsBefore }: Member, outputs: JsonObject | undefined) {
  if (vaultFolder === undefined) return { equal: 0, problems: [] }
  await using vault = await openVault(vaultFolder, PASSWORD, { threads: 0 })
  const { problems, damagedPoints } = await vault.verify({ data: true })
  const { equal, different } = await comparePoints(vault, standIns, digestsBefore, run.inputs, outputs)
  return { equal, problems: [...problems, ...damagedPoints.map(({ id }) => `point ${id} is damaged`), ...different] }
}

const made = ({ standIns }: FarSide): readonly string[] => standIns.flatMap((standIn) => standIn.made())

const targetOf = (number: number, type: string): string => `${number}/${type}`

const targetsOf = ({ targets }: Shipped, number: number): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(targets).map(([name, type]) => [name, targetOf(number, type)]))
