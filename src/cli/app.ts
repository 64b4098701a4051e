// What runs need, put together: journal, engine, handlers of the platforms, targets with their secrets in hand.
// Every command that runs something does it through here, so that there is one way.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createEngine, type Engine, type Observation, type SecretResolver } from '../engine/index.ts'
import { createHttp, operationHandlers } from '../http/index.ts'
import { type Journal, journalExists, openJournal, processOwner } from '../journal/index.ts'
import { type Catalogue, type Clock, type Connection, type Handlers, parseUnlessPrepared } from '../packs/index.ts'
import { secretsOf, withoutSecrets } from './config/index.ts'
import type { Host } from './host.ts'

/** Where what happens in runs is written down. */
export interface Log {
  observe(observation: Observation): void
}

export interface AppOptions {
  /** The caller closes it, after the app. */
  readonly journal: Journal
  /** Of the targets that runs may use. */
  readonly connections: ReadonlyMap<string, Connection>
  /** Gets what inputs of runs refer to. */
  readonly secret: SecretResolver
  readonly log: Log
  readonly observe: (observation: Observation) => void
}

export interface App extends AsyncDisposable {
  readonly journal: Journal
  readonly engine: Engine
  readonly clock: Clock
}

/** The journal of a state directory, which is created when it is not there. One that is there keeps its mode: others may use it for more. */
export async function openState(directory: string): Promise<Journal> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  return openJournal(join(directory, 'journal.sqlite'))
}

/** Undefined where nothing has ever run: looking makes no file. */
export async function openExistingState(directory: string): Promise<Journal | undefined> {
  const file = join(directory, 'journal.sqlite')
  return journalExists(file) ? openJournal(file) : undefined
}

/** What calls of actions need, in runs and in plans that read. */
export interface Calling extends AsyncDisposable {
  readonly clock: Clock
  readonly handlers: (catalogue: Catalogue) => Handlers
  /** Throws for a target that is not open. */
  readonly connection: (target: string) => Connection
}

export async function openCalling(host: Host, connections: ReadonlyMap<string, Connection>): Promise<Calling> {
  const clock = await host.clock()
  const platforms = await host.platforms()
  const http = createHttp({ clock })
  const logins = Object.assign({}, ...platforms.map((platform) => platform.logins))
  const bodies = platforms.find((platform) => platform.bodies)?.bodies
  const ownHandlers: Handlers = Object.assign({}, ...platforms.map((platform) => platform.handlers))
  return {
    clock,
    handlers: (catalogue) => ({ ...operationHandlers(catalogue, http, logins, bodies), ...ownHandlers }),
    connection: (target) => {
      const connection = connections.get(target)
      if (!connection) throw new Error(`target ${target} is not open`)
      return connection
    },
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  }
}

export async function createApp(host: Host, { journal, connections, secret, log, observe }: AppOptions): Promise<App> {
  const calling = await openCalling(host, connections)
  const { clock, handlers, connection } = calling
  const secrets = [...connections.values()].flatMap(secretsOf)
  const resolve: SecretResolver = async (source) => {
    const found = await secret(source)
    secrets.push(found)
    return found
  }
  const engine = createEngine({
    journal,
    handlers,
    parsePack: parseUnlessPrepared(host.preparedDirectory),
    connection,
    secret: resolve,
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
      await calling[Symbol.asyncDispose]()
    },
  }
}
