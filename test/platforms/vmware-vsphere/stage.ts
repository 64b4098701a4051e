// The whole of Holdfast around the simulator: true engine, true packs, true vault. Time runs fast on both sides.
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine, fastClock, type Observation } from '../../../src/engine/index.ts'
import { createHttp, operationHandlers } from '../../../src/http/index.ts'
import { createMemoryJournal } from '../../../src/journal/index.ts'
import { isOpen, type Obligation, type Outcome } from '../../../src/kernel/index.ts'
import { checkRunbook, parseRunbook, resolveUses } from '../../../src/language/index.ts'
import { type Connection, createCatalogue, loadPack } from '../../../src/packs/index.ts'
import { keepOpen } from '../../../src/platforms/block-transfer/open-vaults.ts'
import { platforms } from '../../../src/platforms/index.ts'
import {
  startVsphereSimulator,
  type VsphereOptions,
  type VsphereSimulator,
} from '../../../src/platforms/vmware-vsphere/simulator/index.ts'
import type { Scene } from '../../../src/rehearse/index.ts'
import { fillDefaults, type Json, type JsonObject, Secret } from '../../../src/values/index.ts'
import { initBackend, memoryBackend, openBackend, type Vault } from '../../../src/vault/index.ts'

export const MIB = 2 ** 20

const runbooks = join(import.meta.dirname, '../../../runbooks')

const packs = await Promise.all(
  ['core', 'block-transfer', 'guest', 'vmware-vsphere'].map(async (name) => {
    const { pack, sources, diagnostics } = await loadPack(join(runbooks, name))
    if (!pack) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
    return { pack, sources }
  }),
)

export const vspherePack = packs.flatMap(({ pack }) => (pack.name === 'vmware-vsphere' ? [pack] : []))[0]

export const vsphereRunbooks = readdirSync(join(runbooks, 'vmware-vsphere')).filter((file) => file.endsWith('.runbook.yaml'))

export function readRunbook(file: string) {
  const text = readFileSync(join(runbooks, 'vmware-vsphere', file), 'utf8')
  const { runbook, diagnostics } = parseRunbook(text, file)
  const catalogue = createCatalogue(packs.map(({ pack }) => pack))
  return { text, runbook, diagnostics: [...diagnostics, ...(runbook ? checkRunbook(runbook, catalogue) : [])] }
}

function startOf(name: string) {
  const { runbook, text, diagnostics } = readRunbook(`${name}.runbook.yaml`)
  if (!runbook) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
  const used = packs.filter(({ pack }) => pack.name === 'core' || runbook.uses.some((use) => use.pack === pack.name))
  return { runbook, text, packs: used }
}

/** A runbook as rehearsals take it. */
export function sceneOf(name: string): Scene {
  const start = startOf(name)
  const { runbook } = start
  const byAlias = resolveUses(runbook, Object.fromEntries(start.packs.map(({ pack }) => [pack.name, pack])))
  const required = (runbook.inputs?.required ?? []) as readonly string[]
  return {
    start,
    targets: Object.fromEntries(runbook.targets.map((each) => [each.name, `${byAlias[each.alias]}/${each.connection}`])),
    inputs: (known) =>
      fillDefaults(runbook.inputs ?? {}, Object.fromEntries(required.map((input) => [input, known[input] ?? null])))
        .value as JsonObject,
  }
}

export interface Stage extends AsyncDisposable {
  readonly vsphere: VsphereSimulator
  readonly vault: Vault
  /** Runs a runbook of the pack to its end. */
  run(name: string, inputs: JsonObject): Promise<Outcome>
  /** The outputs of a run that has to succeed. */
  succeed(name: string, inputs: JsonObject): Promise<JsonObject>
  /** Obligations as last reported that are still open. */
  owed(): readonly Obligation[]
  /** What the journal keeps of all runs. */
  journal(): Promise<readonly unknown[]>
  /** Closes the connections, as the end of the program does. */
  hangUp(): Promise<void>
}

const RATE = 100

interface StageOptions extends VsphereOptions {
  readonly settings?: Readonly<Record<string, Json | Secret>>
}

export async function startStage({ settings = {}, ...options }: StageOptions = {}): Promise<Stage> {
  const vsphere = await startVsphereSimulator({ seed: 'stage', rate: RATE, ...options })
  const password = new Secret('correct horse')
  const storage = memoryBackend()
  await initBackend(storage, password, { keyCost: 1024 })
  const vault = await openBackend(storage, password, { threads: 0 })
  const directory = `in-memory-${randomUUID()}`
  const letGo = keepOpen(directory, vault)
  // Slower than the rest, so that a request times out where it hangs and not where the machine is busy.
  const http = createHttp({ clock: fastClock(RATE / 10) })
  const connections: Record<string, Connection> = {
    vc: { target: 'vc', type: 'vmware-vsphere/Connection', settings: { ...vsphere.settings, ...settings } },
    vault: { target: 'vault', type: 'block-transfer/Vault', settings: { directory, password } },
  }
  const logins = Object.assign({}, ...platforms.map((platform) => platform.logins))
  const own = Object.assign({}, ...platforms.map((platform) => platform.handlers))
  const observations: Observation[] = []
  let runs = 0
  const journal = createMemoryJournal()
  const engine = createEngine({
    journal,
    handlers: (catalogue) => ({ ...operationHandlers(catalogue, http, logins), ...own }),
    connection: (target) => {
      const found = connections[target]
      if (!found) throw new Error(`no target ${target}`)
      return found
    },
    clock: fastClock(RATE),
    secret: async () => vsphere.guestPassword,
    newRunId: () => `run-${++runs}`,
    observe: (observation) => observations.push(observation),
    owner: 'test',
  })
  const stage: Stage = {
    vsphere,
    vault,
    run: async (name, inputs) => {
      const start = startOf(name)
      const filled = fillDefaults(start.runbook.inputs ?? {}, inputs).value as JsonObject
      const targets = Object.fromEntries(start.runbook.targets.map((target) => [target.name, target.name]))
      const { ended } = await engine.start({ ...start, inputs: filled, targets })
      return ended
    },
    succeed: async (name, inputs) => {
      const { status, failure, outputs } = await stage.run(name, inputs)
      if (status !== 'succeeded' || !outputs) throw new Error(`${name}: ${failure?.message ?? status}`)
      return outputs
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
    journal: async () => {
      const all: unknown[] = []
      for (const { id } of await journal.runs()) for await (const event of journal.events(id)) all.push(event)
      return all
    },
    hangUp: async () => {
      await http[Symbol.asyncDispose]()
    },
    [Symbol.asyncDispose]: async () => {
      await engine[Symbol.asyncDispose]()
      await http[Symbol.asyncDispose]()
      await vsphere[Symbol.asyncDispose]()
      letGo()
      await vault.close()
    },
  }
  return stage
}
