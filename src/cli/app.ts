// What runs need, put together: journal, engine, handlers of the platforms, targets with their secrets in hand.
// Every command that runs something does it through here, so that there is one way.
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createEngine, type Engine, type Observation } from '../engine/index.ts'
import { createHttp, operationHandlers } from '../http/index.ts'
import { type Journal, openJournal, processOwner } from '../journal/index.ts'
import type { Clock, Connection, Handlers } from '../packs/index.ts'
import { secretsOf } from './config/index.ts'
import type { Host } from './host.ts'
import type { Log } from './log.ts'
import { withoutSecrets } from './without-secrets.ts'

export interface AppOptions {
  /** The caller closes it, after the app. */
  readonly journal: Journal
  /** Of the targets that runs may use. */
  readonly connections: ReadonlyMap<string, Connection>
  readonly log: Log
  readonly observe: (observation: Observation) => void
}

export interface App extends AsyncDisposable {
  readonly journal: Journal
  readonly engine: Engine
  readonly clock: Clock
}

/** The journal of a state directory, which is created when it is not there. */
export async function openState(directory: string): Promise<Journal> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await chmod(directory, 0o700)
  return openJournal(join(directory, 'journal.sqlite'))
}

export async function createApp(host: Host, { journal, connections, log, observe }: AppOptions): Promise<App> {
  const clock = await host.clock()
  const platforms = await host.platforms()
  const http = createHttp({ clock })
  const secrets = [...connections.values()].flatMap(secretsOf)
  const logins = Object.assign({}, ...platforms.map((platform) => platform.logins))
  const ownHandlers: Handlers = Object.assign({}, ...platforms.map((platform) => platform.handlers))
  const engine = createEngine({
    journal,
    handlers: (catalogue) => ({ ...operationHandlers(catalogue, http, logins), ...ownHandlers }),
    connection: (target) => {
      const connection = connections.get(target)
      if (!connection) throw new Error(`target ${target} is not open`)
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
  return {
    journal,
    engine,
    clock,
    [Symbol.asyncDispose]: async () => {
      await engine[Symbol.asyncDispose]()
      await http[Symbol.asyncDispose]()
    },
  }
}
