// The VCB pack around its simulator: single calls, by true processes or in this one, and whole runs with a guest and a vault in memory.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { answerApproval, createEngine, fastClock, type Observation, systemClock } from '../../../src/engine/index.ts'
import { createMemoryJournal } from '../../../src/journal/index.ts'
import type { Outcome } from '../../../src/kernel/index.ts'
import { parseRunbook, resolveUses } from '../../../src/language/index.ts'
import { type ActionContext, ActionFailure, type Failure, loadPack } from '../../../src/packs/index.ts'
import { keepOpen } from '../../../src/platforms/block-transfer/open-vaults.ts'
import { type SimulatedAgent, startAgent } from '../../../src/platforms/guest/simulator/agent.ts'
import { createGuest, type SimulatedGuest, type SimulatedScript } from '../../../src/platforms/guest/simulator/guest.ts'
import { platforms } from '../../../src/platforms/index.ts'
import { runAs } from '../../../src/platforms/vmware-vcb/proxy.ts'
import { startVcbSimulator, type VcbSimulator } from '../../../src/platforms/vmware-vcb/simulator/index.ts'
import type { Scene } from '../../../src/rehearse/index.ts'
import { fillDefaults, type Json, type JsonObject, Secret } from '../../../src/values/index.ts'
import { initBackend, memoryBackend, openBackend, type RestorePoint } from '../../../src/vault/index.ts'

const runbooks = join(import.meta.dirname, '../../../runbooks')
const loaded = await Promise.all(
  ['core', 'block-transfer', 'guest', 'vmware-vcb'].map(async (name) => {
    const { pack, sources, diagnostics } = await loadPack(join(runbooks, name))
    if (!pack) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
    return { pack, sources }
  }),
)
const handlers = Object.assign({}, ...platforms.map((platform) => platform.handlers))

/** A runbook of the pack as a rehearsal takes it: with what is known for the inputs that it requires. */
export function sceneOf(name: string): Scene {
  const { runbook, text, used } = runbookOf(name)
  const byAlias = resolveUses(runbook, Object.fromEntries(used.map(({ pack }) => [pack.name, pack])))
  const schema = runbook.inputs ?? {}
  const required = Array.isArray(schema.required) ? schema.required.map(String) : []
  return {
    start: { runbook, text, packs: used },
    targets: Object.fromEntries(runbook.targets.map((each) => [each.name, `${byAlias[each.alias]}/${each.connection}`])),
    inputs: (known) =>
      fillDefaults(schema, Object.fromEntries(required.map((input) => [input, known[input] ?? null]))).value as JsonObject,
  }
}

function runbookOf(name: string) {
  const text = readFileSync(join(runbooks, 'vmware-vcb', `${name}.runbook.yaml`), 'utf8')
  const { runbook } = parseRunbook(text, `${name}.runbook.yaml`)
  if (!runbook) throw new Error(`${name} does not parse`)
  const used = loaded.filter(({ pack }) => pack.name === 'core' || runbook.uses.some((use) => use.pack === pack.name))
  return { runbook, text, used }
}

type Settings = Readonly<Record<string, Json | Secret>>

export const callVcb = (action: string, settings: Settings, input: JsonObject = {}): Promise<JsonObject> =>
  call(`vmware-vcb/${action}`, settings, { proxy: { $target: 'proxy', connection: 'vmware-vcb/Proxy' }, ...input })

function call(action: string, settings: Settings, input: JsonObject): Promise<JsonObject> {
  const handler = handlers[action]
  if (!handler) throw new Error(`no action ${action}`)
  const context: ActionContext = {
    runId: 'run-1',
    path: action,
    key: '11111111-1111-4111-8111-111111111111',
    signal: new AbortController().signal,
    clock: systemClock,
    connection: ({ $target, connection }) => ({ target: $target, type: connection, settings }),
    progress: () => undefined,
    assertOwner: () => undefined,
    checkpoint: { load: () => undefined, save: async () => undefined },
  }
  return handler(input, context)
}

export const failureOf = (call: Promise<JsonObject>): Promise<Failure> =>
  call.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: unknown) => (error instanceof ActionFailure ? error.failure : Promise.reject(error)),
  )

export interface VcbHarness extends AsyncDisposable {
  readonly vcb: VcbSimulator
  readonly guest: SimulatedGuest
  readonly agent: SimulatedAgent
  /** Commands in their order, with what they were to do. */
  readonly commands: string[]
  run(runbook: string, inputs: JsonObject): Promise<Outcome>
  /** The paths of steps that began, in their order. */
  readonly began: string[]
  point(pointId: string): Promise<RestorePoint>
  /** Calls `block-transfer/files.restore`. */
  restoreFiles(pointId: string, include: readonly string[], to: string): Promise<JsonObject>
  /** Approvals, as people read them. */
  readonly asked: string[]
}

/** How fast the engine's time runs. */
const RATE = 200

const TOOLS = 'C:\\Program Files\\VMware\\VMware Tools\\backupScripts.d'
export const SCRIPT = `${TOOLS}\\10-database.bat`
const SCRIPTS: Readonly<Record<string, SimulatedScript>> = { [SCRIPT]: { does: 'byArgument', exitCode: 0 } }
const PASSWORD = new Secret('only for tests')

/** Whole runs with the commands in this process. */
export async function startHarness(scripts = SCRIPTS): Promise<VcbHarness> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-vcb-test-'))
  const storage = memoryBackend()
  await initBackend(storage, PASSWORD, { keyCost: 1024 })
  const vault = await openBackend(storage, PASSWORD, { threads: 0 })
  const closeVault = keepOpen(folder, vault)
  const vcb = startVcbSimulator()
  const guest = createGuest(scripts)
  const socket = join(folder, 'agent.sock')
  const agent = await startAgent(guest, socket)
  const commands: string[] = []
  const letGo = runAs(String(vcb.settings.commands), async ({ argv: [program, ...args] }) => {
    const option = args.find((each) => /^-[cfdU]$/.test(each))
    commands.push([basename(program), ...(option === undefined ? [] : [option])].join(' '))
    const { exitCode, stdout, stderr } = vcb.run(basename(program), args)
    return { exitCode, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) }
  })
  const connections = new Map<string, { readonly type: string; readonly settings: Settings }>([
    ['proxy', { type: 'vmware-vcb/Proxy', settings: vcb.settings }],
    ['machine', { type: 'guest/Machine', settings: { channel: 'qemu-agent', socket } }],
    ['vault', { type: 'block-transfer/Vault', settings: { directory: folder, password: PASSWORD } }],
  ])
  const began: string[] = []
  const asked: string[] = []
  let runs = 0
  const journal = createMemoryJournal()
  const clock = fastClock(RATE)
  const engine = createEngine({
    journal,
    handlers: () => handlers,
    connection: (target) => ({ target, ...(connections.get(target) ?? { type: 'unknown', settings: {} }) }),
    clock,
    newRunId: () => {
      runs += 1
      return `run-${runs}`
    },
    owner: 'test',
    observe: (observation: Observation) => {
      if (observation.kind === 'report' && observation.report.kind === 'stepStarted') began.push(observation.report.path)
    },
  })
  /** Answers what a run asks until it has ended. */
  const answer = async (runId: string, over: AbortSignal) => {
    while (!over.aborted) {
      for (const { approval, answer: given } of await journal.approvals(runId)) {
        if (given) continue
        asked.push(approval.prompt)
        await answerApproval(journal, { runId, path: approval.path, now: clock.now() }, { kind: 'grant', by: 'ann', inputs: {} })
      }
      await clock.sleep(1000, over).catch(() => {})
    }
  }
  return {
    vcb,
    asked,
    guest,
    agent,
    commands,
    began,
    run: async (name, inputs) => {
      const { runbook, text, used } = runbookOf(name)
      const run = await engine.start({
        runbook,
        text,
        packs: used,
        inputs: fillDefaults(runbook.inputs ?? {}, inputs).value as JsonObject,
        targets: Object.fromEntries(runbook.targets.map((each) => [each.name, each.name])),
      })
      const over = new AbortController()
      void answer(run.id, over.signal)
      return run.ended.finally(() => over.abort())
    },
    point: (pointId) => vault.point(pointId),
    restoreFiles: (pointId, include, to) =>
      call('block-transfer/files.restore', connections.get('vault')?.settings ?? {}, {
        vault: { $target: 'vault', connection: 'block-transfer/Vault' },
        pointId,
        include: [...include],
        to,
      }),
    [Symbol.asyncDispose]: async () => {
      await engine[Symbol.asyncDispose]()
      letGo()
      closeVault()
      await vault.close()
      await agent[Symbol.asyncDispose]()
      vcb[Symbol.dispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
