// The whole of Holdfast around the simulator.
import type { HttpRequest, Network } from '../../../src/http/index.ts'
import {
  type ScpSimulator,
  type ScpSimulatorOptions,
  startScpSimulator,
} from '../../../src/platforms/sangfor-scp/simulator/index.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { loadPacks, runbooksOf } from '../runbooks.ts'
import { type BareStage, openStage, type Settings } from '../stage.ts'
import { send } from './harness.ts'

export { MIB } from '../stage.ts'

export const runbooks = runbooksOf('sangfor-scp', await loadPacks('core', 'block-transfer', 'sangfor-scp'))

export interface Stage extends BareStage {
  readonly scp: ScpSimulator
  /** Changes settings of the target `cloud`. */
  bind(settings: Settings): void
  /** A call of somebody else, past Holdfast. */
  send(method: string, path: string, body?: JsonObject): Promise<void>
}

const RATE = 50

interface StageOptions extends ScpSimulatorOptions {
  readonly settings?: Settings
  /** Told of every request to the simulator, which then is reached without sockets. */
  readonly onRequest?: (request: HttpRequest) => void
}

export async function startStage({ onRequest, settings, ...options }: StageOptions = {}): Promise<Stage> {
  const scp = await startScpSimulator({ seed: 'stage', ...options, rate: 0 })
  const cloud = { type: 'sangfor-scp/Connection', settings: { ...scp.settings, ...settings } }
  const network = onRequest === undefined ? {} : { network: overheard(scp, onRequest) }
  const stage = await openStage({ runbooks, rate: RATE, platform: scp.clock, targets: { cloud }, vaultIn: 'folder', ...network })
  return {
    ...stage,
    scp,
    bind: (changed) => void Object.assign(cloud, { settings: { ...cloud.settings, ...changed } }),
    send: async (method, path, body) => {
      await send(scp, method, path, body === undefined ? {} : { body })
    },
    [Symbol.asyncDispose]: async () => {
      await stage[Symbol.asyncDispose]()
      await scp[Symbol.asyncDispose]()
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
