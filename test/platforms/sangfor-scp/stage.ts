// The whole of Holdfast around the simulator: true engine, true packs, true vault. Time runs fast on both sides.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine, fastClock, type Observation, type ReaderOptions } from '../../../src/engine/index.ts'
import { createHttp, type HttpRequest, type Network, operationHandlers } from '../../../src/http/index.ts'
import { createMemoryJournal, type Journal } from '../../../src/journal/index.ts'
import { isOpen, type Obligation, type Outcome } from '../../../src/kernel/index.ts'
import { checkRunbook, parseRunbook } from '../../../src/language/index.ts'
import { type Catalogue, type Connection, createCatalogue, type Handlers, loadPack, type Pack } from '../../../src/packs/index.ts'
import { vaultBodies } from '../../../src/platforms/block-transfer/bodies.ts'
import { platforms } from '../../../src/platforms/index.ts'
import {
  type ScpSimulator,
  type ScpSimulatorOptions,
  startScpSimulator,
} from '../../../src/platforms/sangfor-scp/simulator/index.ts'
import { fillDefaults, type Json, type JsonObject, Secret } from '../../../src/values/index.ts'
import { initVault, openVault, type Vault } from '../../../src/vault/index.ts'
import { send } from './harness.ts'

export const MIB = 2 ** 20

export const runbooks = join(import.meta.dirname, '../../../runbooks')

export interface LoadedPacks {
  readonly pack: Pack
  readonly sources: ReadonlyMap<string, string>
}

export const packs: readonly LoadedPacks[] = await Promise.all(
  ['core', 'block-transfer', 'sangfor-scp'].map(async (name) => {
    const { pack, sources, diagnostics } = await loadPack(join(runbooks, name))
    if (!pack) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
    return { pack, sources }
  }),
)

export const scpRunbooks = readdirSync(join(runbooks, 'sangfor-scp')).filter((file) => file.endsWith('.runbook.yaml'))

export function readRunbook(file: string) {
  const text = readFileSync(join(runbooks, 'sangfor-scp', file), 'utf8')
  const { runbook, diagnostics } = parseRunbook(text, file)
  const catalogue = createCatalogue(packs.map(({ pack }) => pack))
  return { text, runbook, diagnostics: [...diagnostics, ...(runbook ? checkRunbook(runbook, catalogue) : [])] }
}

export interface Stage extends AsyncDisposable {
  readonly scp: ScpSimulator
  readonly vault: Vault
  readonly observations: Observation[]
  readonly journal: Journal
  /** As the engine has them, for what calls without a run. */
  readonly calling: Omit<ReaderOptions, 'handlers'> & { readonly handlers: (catalogue: Catalogue) => Handlers }
  /** Runs a runbook of the pack to its end. */
  run(name: string, inputs: JsonObject): Promise<Outcome>
  /** Changes settings of the target `cloud`. */
  bind(settings: Readonly<Record<string, Json | Secret>>): void
  /** A call of somebody else, past Holdfast. */
  send(method: string, path: string, body?: JsonObject): Promise<void>
  /** Settles what the last run owes. */
  reap(): Promise<void>
  /** Obligations as last reported that are still open. */
  owed(): readonly Obligation[]
}

const RATE = 50

interface StageOptions extends ScpSimulatorOptions {
  readonly settings?: Record<string, Json>
  /** Told of every request to the simulator, which then is reached without sockets. */
  readonly onRequest?: (request: HttpRequest) => void
}

export async function startStage({ onRequest, ...options }: StageOptions = {}): Promise<Stage> {
  const scp = await startScpSimulator({ seed: 'stage', rate: RATE, ...options })
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-scp-'))
  const password = new Secret('correct horse')
  const directory = join(folder, 'vault')
  await initVault(directory, password)
  const journal = createMemoryJournal()
  // Slower than the rest, so that a request times out where it hangs and not where the machine is busy.
  const http = createHttp({
    clock: fastClock(RATE / 5),
    ...(onRequest === undefined ? {} : { network: overheard(scp, onRequest) }),
  })
  const connections: Record<string, Connection> = {
    cloud: { target: 'cloud', type: 'sangfor-scp/Connection', settings: { ...scp.settings, ...options.settings } },
    vault: { target: 'vault', type: 'block-transfer/Vault', settings: { directory, password } },
  }
  const logins = Object.assign({}, ...platforms.map((platform) => platform.logins))
  const own = Object.assign({}, ...platforms.map((platform) => platform.handlers))
  const observations: Observation[] = []
  let runs = 0
  const calling: Stage['calling'] = {
    handlers: (catalogue) => ({ ...operationHandlers(catalogue, http, logins, vaultBodies), ...own }),
    connection: (target) => {
      const found = connections[target]
      if (!found) throw new Error(`no target ${target}`)
      return found
    },
    clock: fastClock(RATE),
  }
  const engine = createEngine({
    journal,
    ...calling,
    newRunId: () => `run-${++runs}`,
    observe: (observation) => observations.push(observation),
    owner: 'test',
  })
  return {
    scp,
    vault: await openVault(directory, password),
    observations,
    journal,
    calling,
    run: async (name, inputs) => {
      const { runbook, text, diagnostics } = readRunbook(`${name}.runbook.yaml`)
      if (!runbook) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
      const filled = fillDefaults(runbook.inputs ?? {}, inputs).value as JsonObject
      const targets = Object.fromEntries(runbook.targets.map((target) => [target.name, target.name]))
      const used = packs.filter(({ pack }) => pack.name === 'core' || runbook.uses.some((use) => use.pack === pack.name))
      const { ended } = await engine.start({ runbook, text, packs: used, inputs: filled, targets })
      return ended
    },
    bind: (settings) => {
      connections.cloud = {
        target: 'cloud',
        type: 'sangfor-scp/Connection',
        settings: { ...connections.cloud?.settings, ...settings },
      }
    },
    send: async (method, path, body) => {
      await send(scp, method, path, body === undefined ? {} : { body })
    },
    reap: async () => {
      await engine.reap(`run-${runs}`)
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
    [Symbol.asyncDispose]: async () => {
      await engine[Symbol.asyncDispose]()
      await http[Symbol.asyncDispose]()
      await scp[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const overheard = (scp: ScpSimulator, onRequest: (request: HttpRequest) => void): Network => ({
  refuse: () => undefined,
  deliver: async (request) => {
    onRequest(request)
    return { answer: await scp.answer(request) }
  },
})
