// What runs need, put together: journal, engine, handlers of the platforms, targets with their secrets.
// The command line and the demonstration start runs through it, so that there is one way to run something.
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Diagnostic } from '../diagnostics/index.ts'
import { createEngine, type Engine, type Observation } from '../engine/index.ts'
import { createHttp, operationHandlers } from '../http/index.ts'
import { type Journal, openJournal, processOwner } from '../journal/index.ts'
import type { Catalogue, Clock, Connection, Handlers } from '../packs/index.ts'
import type { Secret } from '../values/index.ts'
import { targetUnknown } from './codes.ts'
import { type Config, openTarget, secretsOf } from './config/index.ts'
import type { Host } from './host.ts'
import type { Log } from './log.ts'
import { refuseErrors } from './refusal.ts'
import { withoutSecrets } from './without-secrets.ts'

export interface AppOptions {
  readonly config: Config
  readonly log: Log
  readonly observe: (observation: Observation) => void
  /** Instead of the system's. */
  readonly clock?: Clock
}

export interface App extends AsyncDisposable {
  readonly journal: Journal
  readonly engine: Engine
  readonly clock: Clock
  /** Gets the secrets of these targets, so that runs may use them. Throws Refusal. */
  unlock(targets: Iterable<string>, catalogue: Catalogue): Promise<void>
}

/** The journal of a state directory, which is created when it is not there. */
export async function openState(directory: string): Promise<Journal> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await chmod(directory, 0o700)
  return openJournal(join(directory, 'journal.sqlite'))
}

export async function createApp(host: Host, { config, log, observe, ...options }: AppOptions): Promise<App> {
  const clock = options.clock ?? (await host.clock())
  const platforms = await host.platforms()
  const http = createHttp({ clock })
  const journal = await openState(config.stateDirectory)
  const connections = new Map<string, Connection>()
  const secrets: Secret[] = []

  const logins = Object.assign({}, ...platforms.map((platform) => platform.logins))
  const ownHandlers: Handlers = Object.assign({}, ...platforms.map((platform) => platform.handlers))
  const engine = createEngine({
    journal,
    handlers: (catalogue) => ({ ...operationHandlers(catalogue, http, logins), ...ownHandlers }),
    connection: (target) => {
      const connection = connections.get(target)
      if (!connection) throw new Error(`target ${target} is not configured`)
      return connection
    },
    clock,
    newRunId: host.newRunId,
    owner: processOwner(),
    observe: (observation) => {
      const clean = withoutSecrets(observation, secrets)
      log.observe(clean)
      observe(clean)
    },
  })

  async function unlock(targets: Iterable<string>, catalogue: Catalogue): Promise<void> {
    const diagnostics: Diagnostic[] = []
    for (const name of targets) {
      const target = config.targets.get(name)
      const type = target && catalogue.connection(target.connection)
      if (!target || !type) {
        diagnostics.push(targetUnknown(name, 'the configuration', undefined))
        continue
      }
      const opened = await openTarget(target, type, config, host.env)
      connections.set(name, opened.connection)
      secrets.push(...secretsOf(opened.connection))
      diagnostics.push(...opened.diagnostics)
    }
    refuseErrors(diagnostics, config.sources)
  }

  return {
    journal,
    engine,
    clock,
    unlock,
    [Symbol.asyncDispose]: async () => {
      await engine[Symbol.asyncDispose]()
      await http[Symbol.asyncDispose]()
      await journal[Symbol.asyncDispose]()
    },
  }
}
