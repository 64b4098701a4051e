// ZStack's pack around its simulator, without sockets: single calls in time that leaps, and whole runs in time that runs fast.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { answerApproval, createEngine, fastClock, systemClock } from '../../../src/engine/index.ts'
import { createHttp, type HttpRequest, type Network, operationHandlers } from '../../../src/http/index.ts'
import { createMemoryJournal } from '../../../src/journal/index.ts'
import type { Outcome } from '../../../src/kernel/index.ts'
import { checkRunbook, parseRunbook, resolveUses } from '../../../src/language/index.ts'
import { type ActionContext, ActionFailure, createCatalogue, type Failure, loadPack } from '../../../src/packs/index.ts'
import { platforms } from '../../../src/platforms/index.ts'
import {
  startZstackSimulator,
  type ZstackSimulator,
  type ZstackSimulatorOptions,
} from '../../../src/platforms/zstack/simulator/index.ts'
import type { Scene } from '../../../src/rehearse/index.ts'
import { fillDefaults, type Json, type JsonObject, Secret } from '../../../src/values/index.ts'

const runbooks = join(import.meta.dirname, '../../../runbooks')
const loaded = await Promise.all(
  ['core', 'zstack'].map(async (name) => {
    const { pack, sources, diagnostics } = await loadPack(join(runbooks, name))
    if (!pack) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
    return { pack, sources }
  }),
)
export const catalogue = createCatalogue(loaded.map(({ pack }) => pack))
const own = Object.assign({}, ...platforms.map(({ handlers }) => handlers))
const logins = Object.assign({}, ...platforms.map((platform) => platform.logins))

/** The seed's printed samples, as they stand there: of volumes, of databases, of job groups. */
export const SAMPLES = ['volume-backups', 'database-backups', 'job-groups'].map((name) =>
  readFileSync(join(import.meta.dirname, 'samples', `${name}.txt`), 'utf8'),
)

export const zstackRunbooks = readdirSync(join(runbooks, 'zstack')).filter((file) => file.endsWith('.runbook.yaml'))

function readRunbook(name: string) {
  const file = `${name}.runbook.yaml`
  const text = readFileSync(join(runbooks, 'zstack', file), 'utf8')
  const { runbook, diagnostics } = parseRunbook(text, file)
  const problems = [...diagnostics, ...(runbook ? checkRunbook(runbook, catalogue) : [])]
  if (!runbook || problems.length > 0) throw new Error(problems.map(({ message }) => message).join('\n'))
  return { runbook, text }
}

/** A runbook as rehearsals take it; secrets are references. */
export function sceneOf(name: string): Scene {
  const { runbook, text } = readRunbook(name)
  const byAlias = resolveUses(runbook, Object.fromEntries(loaded.map(({ pack }) => [pack.name, pack])))
  const schema = runbook.inputs ?? {}
  const required = (schema.required ?? []) as readonly string[]
  const secret = (input: string): Json => ({ $secret: { env: input } })
  return {
    start: { runbook, text, packs: loaded },
    targets: Object.fromEntries(runbook.targets.map((each) => [each.name, `${byAlias[each.alias]}/${each.connection}`])),
    inputs: (known) =>
      fillDefaults(schema, Object.fromEntries(required.map((input) => [input, known[input] ?? secret(input)])))
        .value as JsonObject,
  }
}

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
  readonly asked: string[]
}

interface HarnessOptions extends Partial<ZstackSimulatorOptions> {
  readonly settings?: Readonly<Record<string, Json | Secret>>
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
  const zstack = await startZstackSimulator({ seed: 'test', startAt: Date.UTC(2026, 0, 5, 8), ...options, rate })
  const requests: HttpRequest[] = []
  const network: Network = {
    refuse: () => undefined,
    deliver: async (request) => {
      requests.push(request)
      onRequest?.(request)
      return { answer: zstack.api.answer(request) }
    },
  }
  const http = createHttp({ clock: rate === 0 ? systemClock : fastClock(RATE / 5), network })
  const handlers = { ...operationHandlers(catalogue, http, logins), ...own }
  const connection = () => ({
    target: 'cloud',
    type: 'zstack/Connection',
    settings: { url: URL, account: zstack.account, password: zstack.password, ...settings },
  })
  let calls = 0
  const call: Harness['call'] = async (name, input = {}, { key } = {}) => {
    const handler = handlers[`zstack/${name}`]
    const action = catalogue.action(`zstack/${name}`)
    if (!handler || !action) throw new Error(`no action ${name}`)
    calls += 1
    const context: ActionContext = {
      runId: 'test',
      path: `test/${calls}`,
      key: key ?? `00000000-0000-4000-8000-${String(calls).padStart(12, '0')}`,
      signal: new AbortController().signal,
      clock: { now: () => zstack.clock.now(), sleep: async (durationMs) => zstack.clock.advance(durationMs) },
      connection,
      progress: () => {},
      assertOwner: () => {},
      checkpoint: { load: () => undefined, save: async () => {} },
    }
    const cloud = action.does.kind === 'operation' ? { cloud: { $target: 'cloud', connection: 'zstack/Connection' } } : {}
    return handler({ ...cloud, ...input }, context)
  }
  let runs = 0
  const journal = createMemoryJournal()
  const asked: string[] = []
  const clock = fastClock(RATE)
  const engine = createEngine({
    journal,
    handlers: () => handlers,
    connection,
    clock,
    secret: async (source) => new Secret(('env' in source && secrets[source.env]) || ''),
    newRunId: () => `run-${++runs}`,
    owner: 'test',
  })
  /** Answers what a run asks until it has ended. */
  const answer = async (runId: string, over: AbortSignal) => {
    while (!over.aborted) {
      for (const { approval, answer: given } of await journal.approvals(runId)) {
        if (given) continue
        asked.push(approval.prompt)
        const at = { runId, path: approval.path, now: clock.now() }
        await answerApproval(
          journal,
          at,
          grants ? { kind: 'grant', by: 'ann', inputs: {} } : { kind: 'deny', by: 'ann', reason: 'no' },
        )
      }
      await clock.sleep(1000, over).catch(() => {})
    }
  }
  return {
    zstack,
    requests,
    asked,
    call,
    failureOf: async (name, input, more) => {
      try {
        throw new Error(`${name} succeeded with ${JSON.stringify(await call(name, input, more))}`)
      } catch (error) {
        if (error instanceof ActionFailure) return error.failure
        throw error
      }
    },
    run: async (name, inputs) => {
      const { runbook, text } = readRunbook(name)
      const filled = fillDefaults(runbook.inputs ?? {}, inputs).value as JsonObject
      const { id, ended } = await engine.start({ runbook, text, packs: loaded, inputs: filled, targets: { cloud: 'cloud' } })
      const over = new AbortController()
      const answering = answer(id, over.signal)
      return ended.finally(async () => {
        over.abort()
        await answering
      })
    },
    [Symbol.asyncDispose]: async () => {
      await engine[Symbol.asyncDispose]()
      await http[Symbol.asyncDispose]()
      zstack[Symbol.dispose]()
    },
  }
}
