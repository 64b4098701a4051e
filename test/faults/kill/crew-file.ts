// What a process has to know of the crew that it performs: where each target is reached, what time it is, which runs there are.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type EngineOptions, fastClock } from '../../../src/engine/index.ts'
import { createHttp, operationHandlers } from '../../../src/http/index.ts'
import type { Connection } from '../../../src/packs/index.ts'
import { vaultBodies } from '../../../src/platforms/block-transfer/index.ts'
import { keepOpen } from '../../../src/platforms/block-transfer/open-vaults.ts'
import { platforms } from '../../../src/platforms/index.ts'
import { type Json, type JsonObject, Secret } from '../../../src/values/index.ts'
import { openVault } from '../../../src/vault/index.ts'

export const VAULT = 'block-transfer/Vault'

export interface CrewRun {
  readonly id: string
  /** `sangfor-scp/vm-backup`. */
  readonly runbook: string
  readonly inputs: JsonObject
  /** Operator's target by the runbook's target name. */
  readonly targets: Readonly<Record<string, string>>
}

export interface CrewFile {
  readonly rate: number
  /** When its time began to run fast; all processes agree on it. */
  readonly startedAt: number
  readonly runs: readonly CrewRun[]
  readonly connections: Readonly<Record<string, Pick<Connection, 'type' | 'settings'>>>
}

interface Written extends Omit<CrewFile, 'connections'> {
  readonly connections: Readonly<
    Record<string, { readonly type: string; readonly settings: JsonObject; readonly secrets: Readonly<Record<string, string>> }>
  >
}

export interface OpenCrew extends AsyncDisposable {
  readonly runs: readonly CrewRun[]
  readonly options: Pick<EngineOptions, 'handlers' | 'connection' | 'clock'>
}

export async function writeCrew(folder: string, crew: CrewFile): Promise<void> {
  const connections = Object.entries(crew.connections).map(([target, { type, settings }]) => {
    const entries = Object.entries(settings)
    const open = entries.filter((entry): entry is [string, Json] => !(entry[1] instanceof Secret))
    const secrets = entries.flatMap(([key, value]) => (value instanceof Secret ? [[key, value.reveal()]] : []))
    return [target, { type, settings: Object.fromEntries(open), secrets: Object.fromEntries(secrets) }]
  })
  const written: Written = { ...crew, connections: Object.fromEntries(connections) }
  await writeFile(join(folder, 'crew.json'), JSON.stringify(written), { mode: 0o600 })
}

/** Without threads, vaults are opened here and now, and work in this thread: worker threads cost a process more than all else that it does. */
export async function openCrew(folder: string, threads?: 0): Promise<OpenCrew> {
  const { rate, startedAt, runs, connections } = JSON.parse(await readFile(join(folder, 'crew.json'), 'utf8')) as Written
  await using opened = new AsyncDisposableStack()
  if (threads === 0)
    for (const { type, settings, secrets } of Object.values(connections)) {
      if (type !== VAULT) continue
      const directory = String(settings.directory)
      opened.defer(keepOpen(directory, opened.use(await openVault(directory, new Secret(secrets.password ?? ''), { threads }))))
    }
  const http = opened.use(createHttp({ clock: fastClock(1) }))
  const own = Object.assign({}, ...platforms.map((platform) => platform.handlers))
  const logins = Object.assign({}, ...platforms.map((platform) => platform.logins))
  const running = opened.move()
  return {
    runs,
    options: {
      clock: fastClock(rate, startedAt),
      handlers: (catalogue) => ({ ...operationHandlers(catalogue, http, logins, vaultBodies), ...own }),
      connection: (target) => {
        const found = connections[target]
        if (!found) throw new Error(`no target ${target}`)
        const hidden = Object.entries(found.secrets).map(([key, value]) => [key, new Secret(value)])
        return { target, type: found.type, settings: { ...found.settings, ...Object.fromEntries(hidden) } }
      },
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}
