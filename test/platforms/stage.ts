// The whole of Holdfast around a simulator: true engine, true packs, true vault. Time runs fast, and only while this process does.
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answerApproval, createEngine, type Observation, type ReaderOptions } from '../../src/engine/index.ts'
import { createHttp, type Network, operationHandlers } from '../../src/http/index.ts'
import { createMemoryJournal, type Journal } from '../../src/journal/index.ts'
import { isOpen, type Obligation, type Outcome } from '../../src/kernel/index.ts'
import type { Catalogue, Connection, Handlers } from '../../src/packs/index.ts'
import { vaultBodies } from '../../src/platforms/block-transfer/index.ts'
import { keepOpen } from '../../src/platforms/block-transfer/open-vaults.ts'
import { platforms } from '../../src/platforms/index.ts'
import type { PlatformClock } from '../../src/platforms/simulation/index.ts'
import { fillDefaults, type Json, type JsonObject, Secret } from '../../src/values/index.ts'
import { initBackend, initVault, memoryBackend, openBackend, openVault, type Vault } from '../../src/vault/index.ts'
import { startPacedTime } from './paced-time.ts'
import type { Runbooks } from './runbooks.ts'

export const MIB = 2 ** 20

export type Settings = Readonly<Record<string, Json | Secret>>

export interface BareStage extends AsyncDisposable {
  readonly vault: Vault
  readonly journal: Journal
  readonly observations: Observation[]
  /** As the engine has them, for what calls without a run. */
  readonly calling: Omit<ReaderOptions, 'handlers'> & { readonly handlers: (catalogue: Catalogue) => Handlers }
  /** Runs a runbook of the pack to its end. */
  run(name: string, inputs: JsonObject): Promise<Outcome>
  /** The outputs of a run that has to succeed. */
  succeed(name: string, inputs: JsonObject): Promise<JsonObject>
  /** Settles what the run owes; the last one unless named. */
  reap(runId?: string): Promise<void>
  /** Obligations as last reported that are still open. */
  owed(): readonly Obligation[]
  /** What runs asked of people so far, in words. */
  readonly asked: readonly string[]
  /** Closes the connections, as the end of the program does. */
  hangUp(): Promise<void>
}

export interface StageOptions {
  readonly runbooks: Runbooks
  /** How fast time runs, for the engine and for the platform. */
  readonly rate: number
  /** Of the platform, where it has one; stands still by itself. */
  readonly platform?: PlatformClock
  /** By target; the target `vault` is there without it. May be changed while runs go on. */
  readonly targets: Readonly<Record<string, { readonly type: string; readonly settings: Settings }>>
  /** Instead of sockets. */
  readonly network?: Network
  readonly secret?: (name: string) => Secret
  /** Whether what a run asks of people is granted; it is, unless this says no. */
  readonly grants?: boolean
  /** In memory unless given. In a folder it has threads of its own, so that much data holds up nobody whose time runs fast. */
  readonly vaultIn?: 'memory' | 'folder'
}

/** Requests wait by this clock: slower than the rest, so that one times out where it hangs and not where the machine is busy. */
const REQUEST_RATE = 10
const PASSWORD = new Secret('correct horse')

export async function openStage({
  runbooks,
  rate,
  platform,
  targets,
  network,
  secret = () => new Secret('rehearsed'),
  grants = true,
  vaultIn = 'memory',
}: StageOptions): Promise<BareStage> {
  await using parts = new AsyncDisposableStack()
  const time = parts.use(startPacedTime())
  if (platform) time.move(platform, rate)
  const { vault, directory } = vaultIn === 'memory' ? await memoryVault() : await folderVault(parts)
  parts.defer(() => vault.close())
  parts.defer(keepOpen(directory, vault))
  const ofVault = { type: 'block-transfer/Vault', settings: { directory, password: PASSWORD } }
  const http = createHttp({ clock: time.clock(REQUEST_RATE), ...(network === undefined ? {} : { network }) })
  const logins = Object.assign({}, ...platforms.map((platform) => platform.logins))
  const own = Object.assign({}, ...platforms.map((platform) => platform.handlers))
  const clock = time.clock(rate)
  const calling: BareStage['calling'] = {
    handlers: (catalogue) => ({ ...operationHandlers(catalogue, http, logins, vaultBodies), ...own }),
    connection: (target): Connection => {
      const found = target === 'vault' ? ofVault : targets[target]
      if (!found) throw new Error(`no target ${target}`)
      return { target, ...found }
    },
    clock,
  }
  const journal = createMemoryJournal()
  const observations: Observation[] = []
  const asked: string[] = []
  let runs = 0
  const engine = createEngine({
    journal,
    ...calling,
    secret: async (source) => secret('env' in source ? source.env : ''),
    newRunId: () => `run-${++runs}`,
    observe: (observation) => {
      observations.push(observation)
      if (observation.kind !== 'report' || observation.report.kind !== 'approval') return
      const { approval, state } = observation.report
      if (state !== 'asked') return
      asked.push(approval.prompt)
      const said = grants ? ({ kind: 'grant' } as const) : ({ kind: 'deny', reason: 'no' } as const)
      void answerApproval(journal, { runId: observation.runId, path: approval.path, now: clock.now() }, { by: 'ann', ...said })
    },
    owner: 'test',
  })
  const held = parts.move()
  const stage: BareStage = {
    vault,
    journal,
    observations,
    calling,
    asked,
    run: async (name, inputs) => {
      const start = runbooks.start(name)
      const filled = fillDefaults(start.runbook.inputs ?? {}, inputs).value as JsonObject
      const named = Object.fromEntries(start.runbook.targets.map((target) => [target.name, target.name]))
      const { ended } = await engine.start({ ...start, inputs: filled, targets: named })
      return ended
    },
    succeed: async (name, inputs) => {
      const { status, failure, outputs } = await stage.run(name, inputs)
      if (status !== 'succeeded' || !outputs) throw new Error(`${name}: ${failure?.message ?? status}`)
      return outputs
    },
    reap: async (runId = `run-${runs}`) => {
      await engine.reap(runId)
    },
    owed: () => {
      const latest = new Map<string, Obligation>()
      for (const seen of observations) {
        if (seen.kind === 'report' && seen.report.kind === 'obligation') {
          latest.set(`${seen.runId}/${seen.report.obligation.id}`, seen.report.obligation)
        }
      }
      return [...latest.values()].filter(isOpen)
    },
    hangUp: async () => {
      await http[Symbol.asyncDispose]()
    },
    [Symbol.asyncDispose]: async () => {
      await engine[Symbol.asyncDispose]()
      await http[Symbol.asyncDispose]()
      await held.disposeAsync()
    },
  }
  return stage
}

async function memoryVault() {
  const storage = memoryBackend()
  await initBackend(storage, PASSWORD, { keyCost: 1024 })
  return { vault: await openBackend(storage, PASSWORD, { threads: 0 }), directory: `in-memory-${randomUUID()}` }
}

async function folderVault(parts: AsyncDisposableStack) {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-stage-'))
  parts.defer(() => rm(folder, { recursive: true, force: true }))
  const directory = join(folder, 'vault')
  await initVault(directory, PASSWORD, { keyCost: 1024 })
  return { vault: await openVault(directory, PASSWORD), directory }
}
