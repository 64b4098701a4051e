// ZStack's pack around its simulator, without sockets: single calls in time that leaps, and whole runs in time that runs fast.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HttpRequest, Network } from '../../../src/http/index.ts'
import type { Outcome } from '../../../src/kernel/index.ts'
import { createCatalogue, type Failure } from '../../../src/packs/index.ts'
import {
  startZstackSimulator,
  type ZstackSimulator,
  type ZstackSimulatorOptions,
} from '../../../src/platforms/zstack/simulator/index.ts'
import type { Scene } from '../../../src/rehearse/index.ts'
import { type JsonObject, Secret } from '../../../src/values/index.ts'
import { callAction, failureOf, keyOf } from '../calls.ts'
import { loadPacks, runbooksOf } from '../runbooks.ts'
import { openStage, type Settings } from '../stage.ts'

export const runbooks = runbooksOf('zstack', await loadPacks('core', 'zstack'))
export const catalogue = createCatalogue(runbooks.packs.map(({ pack }) => pack))

/** The seed's printed samples, as they stand there: of volumes, of databases, of job groups. */
export const SAMPLES = ['volume-backups', 'database-backups', 'job-groups'].map((name) =>
  readFileSync(join(import.meta.dirname, 'samples', `${name}.txt`), 'utf8'),
)

/** A runbook as rehearsals take it; secrets are references. */
export const sceneOf = (name: string): Scene => runbooks.scene(name, (input) => ({ $secret: { env: input } }))

export interface Harness extends AsyncDisposable {
  readonly zstack: ZstackSimulator
  readonly requests: HttpRequest[]
  /** Calls `zstack/<action>`; the cloud is filled in where the action takes one. */
  call(action: string, input?: JsonObject, options?: { readonly key?: string }): Promise<JsonObject>
  /** The failure that the call must end in. */
  failureOf(action: string, input?: JsonObject, options?: { readonly key?: string }): Promise<Failure>
  /** Runs a runbook of the pack to its end; what it asks is granted. */
  run(name: string, inputs: JsonObject): Promise<Outcome>
  /** What was asked so far, in words. */
  readonly asked: readonly string[]
  /** As the engine has them, for what calls without a run. */
  readonly calling: Awaited<ReturnType<typeof openStage>>['calling']
}

interface HarnessOptions extends Partial<ZstackSimulatorOptions> {
  readonly settings?: Settings
  /** Whether what a run asks is granted; it is, unless this says no. */
  readonly grants?: boolean
  /** What the secrets of inputs stand for, by the name of their variable. */
  readonly secrets?: Readonly<Record<string, string>>
  /** Told of every request before it is answered. */
  readonly onRequest?: (request: HttpRequest) => void
}

/** Of whole runs, on both sides. */
export const RATE = 200
const URL = 'http://zstack.invalid:8080'

/** `rate` is 0, for single calls, unless given. */
export async function startHarness({
  settings = {},
  onRequest,
  grants = true,
  secrets = {},
  ...options
}: HarnessOptions = {}): Promise<Harness> {
  const rate = options.rate ?? 0
  const zstack = await startZstackSimulator({ seed: 'test', startAt: Date.UTC(2026, 0, 5, 8), ...options, rate: 0 })
  const requests: HttpRequest[] = []
  const network: Network = {
    refuse: () => undefined,
    deliver: async (request) => {
      requests.push(request)
      onRequest?.(request)
      return { answer: zstack.api.answer(request) }
    },
  }
  const cloud = {
    type: 'zstack/Connection',
    settings: { url: URL, account: zstack.account, password: zstack.password, ...settings },
  }
  const secret = (name: string) => new Secret(secrets[name] ?? '')
  const moved = rate === 0 ? {} : { platform: zstack.clock }
  const stage = await openStage({ runbooks, rate: rate || RATE, ...moved, targets: { cloud }, network, secret, grants })
  const handlers = stage.calling.handlers(catalogue)
  let calls = 0
  const call: Harness['call'] = async (name, input = {}, { key } = {}) => {
    const action = catalogue.action(`zstack/${name}`)
    if (!action) throw new Error(`no action ${name}`)
    calls += 1
    const onCloud = action.does.kind === 'operation' ? { cloud: { $target: 'cloud', connection: 'zstack/Connection' } } : {}
    return callAction(
      handlers,
      action.name,
      { ...onCloud, ...input },
      {
        key: key ?? keyOf(calls),
        clock: { now: () => zstack.clock.now(), sleep: async (durationMs) => zstack.clock.advance(durationMs) },
        connection: () => stage.calling.connection('cloud'),
      },
    )
  }
  return {
    zstack,
    requests,
    asked: stage.asked,
    calling: stage.calling,
    call,
    failureOf: (name, input, more) => failureOf(call(name, input, more)),
    run: stage.run,
    [Symbol.asyncDispose]: async () => {
      await stage[Symbol.asyncDispose]()
      zstack[Symbol.dispose]()
    },
  }
}
