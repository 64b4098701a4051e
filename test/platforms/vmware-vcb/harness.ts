// The VCB pack around its simulator: single calls, by true processes or in this one, and whole runs with a guest and a vault in memory.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Outcome } from '../../../src/kernel/index.ts'
import { type SimulatedAgent, startAgent } from '../../../src/platforms/guest/simulator/agent.ts'
import { createGuest, type SimulatedGuest, type SimulatedScript } from '../../../src/platforms/guest/simulator/guest.ts'
import { platforms } from '../../../src/platforms/index.ts'
import { runAs } from '../../../src/platforms/vmware-vcb/proxy.ts'
import { startVcbSimulator, type VcbSimulator } from '../../../src/platforms/vmware-vcb/simulator/index.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import type { RestorePoint } from '../../../src/vault/index.ts'
import { callAction } from '../calls.ts'
import { loadPacks, runbooksOf } from '../runbooks.ts'
import { openStage, type Settings } from '../stage.ts'

export const runbooks = runbooksOf('vmware-vcb', await loadPacks('core', 'block-transfer', 'guest', 'vmware-vcb'))
const handlers = Object.assign({}, ...platforms.map((platform) => platform.handlers))

export const callVcb = (action: string, settings: Settings, input: JsonObject = {}): Promise<JsonObject> =>
  call(`vmware-vcb/${action}`, settings, { proxy: { $target: 'proxy', connection: 'vmware-vcb/Proxy' }, ...input })

const call = (action: string, settings: Settings, input: JsonObject): Promise<JsonObject> =>
  callAction(handlers, action, input, {
    connection: ({ $target, connection }) => ({ target: $target, type: connection, settings }),
  })

export interface VcbHarness extends AsyncDisposable {
  readonly vcb: VcbSimulator
  readonly guest: SimulatedGuest
  readonly agent: SimulatedAgent
  /** Commands in their order, with what they were to do. */
  readonly commands: string[]
  run(runbook: string, inputs: JsonObject): Promise<Outcome>
  /** The paths of steps that began, in their order. */
  readonly began: readonly string[]
  /** Names of locks that runs had. */
  readonly locked: readonly string[]
  point(pointId: string): Promise<RestorePoint>
  /** Calls `block-transfer/files.restore`. */
  restoreFiles(pointId: string, include: readonly string[], to: string): Promise<JsonObject>
  /** Approvals, as people read them. */
  readonly asked: readonly string[]
}

/** How fast the engine's time runs. */
const RATE = 200

const TOOLS = 'C:\\Program Files\\VMware\\VMware Tools\\backupScripts.d'
export const SCRIPT = `${TOOLS}\\10-database.bat`
const SCRIPTS: Readonly<Record<string, SimulatedScript>> = { [SCRIPT]: { does: 'byArgument', exitCode: 0 } }

/** Whole runs with the commands in this process. */
export async function startHarness(scripts = SCRIPTS): Promise<VcbHarness> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-vcb-test-'))
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
  const targets = {
    proxy: { type: 'vmware-vcb/Proxy', settings: vcb.settings },
    machine: { type: 'guest/Machine', settings: { channel: 'qemu-agent', socket } },
  }
  const stage = await openStage({ runbooks, rate: RATE, targets })
  return {
    vcb,
    asked: stage.asked,
    guest,
    agent,
    commands,
    get began() {
      return stage.observations.flatMap((seen) =>
        seen.kind === 'report' && seen.report.kind === 'stepStarted' ? [seen.report.path] : [],
      )
    },
    get locked() {
      return stage.observations.flatMap((seen) =>
        seen.kind === 'report' && seen.report.kind === 'lock' && seen.report.state === 'holds' ? [seen.report.name] : [],
      )
    },
    run: stage.run,
    point: (pointId) => stage.vault.point(pointId),
    restoreFiles: (pointId, include, to) =>
      call('block-transfer/files.restore', stage.calling.connection('vault').settings, {
        vault: { $target: 'vault', connection: 'block-transfer/Vault' },
        pointId,
        include: [...include],
        to,
      }),
    [Symbol.asyncDispose]: async () => {
      await stage[Symbol.asyncDispose]()
      letGo()
      await agent[Symbol.asyncDispose]()
      vcb[Symbol.dispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
