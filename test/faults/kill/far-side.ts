// What killed runs work on, outside their process: the stand-ins of their platforms behind real HTTP, in time that runs fast, and a vault.
// It outlives every process; its own state is the judge.
import { once } from 'node:events'
import { cp } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { HttpAnswer } from '../../../src/http/index.ts'
import type { Clock, Connection } from '../../../src/packs/index.ts'
import type { Platform, StandIn } from '../../../src/platforms/index.ts'
import { type JsonObject, Secret } from '../../../src/values/index.ts'
import { VAULT } from './crew-file.ts'

export const PASSWORD = new Secret('correct horse')

export interface FarSide extends AsyncDisposable {
  readonly standIns: readonly StandIn[]
  /** By connection type. */
  readonly connections: Readonly<Record<string, Pick<Connection, 'type' | 'settings'>>>
  /** What a runbook can be given for an input of that name. */
  readonly known: JsonObject
  /** Where there is a vault. */
  readonly vaultFolder?: string
  /** While the platform is down it answers nothing but that. */
  setDown(isDown: boolean): void
}

/** Stand-ins for all that the types name, the vault apart, which is a copy of an empty one. */
export async function openFarSide(
  platforms: readonly Platform[],
  types: readonly string[],
  seed: string,
  clock: Clock,
  vault: { readonly folder: string; readonly empty: string },
): Promise<FarSide> {
  await using opened = new AsyncDisposableStack()
  const standIns: StandIn[] = []
  const connections: Record<string, Pick<Connection, 'type' | 'settings'>> = {}
  let isDown = false
  if (types.includes(VAULT)) {
    await cp(vault.empty, vault.folder, { recursive: true })
    connections[VAULT] = { type: VAULT, settings: { directory: vault.folder, password: PASSWORD } }
  }
  for (const { pack, standIn } of platforms) {
    if (!standIn || !types.some((type) => type !== VAULT && type.startsWith(`${pack}/`))) continue
    const start = await standIn()
    // Whoever loses its power dies by SIGKILL here, at instants that tests choose.
    const standing = opened.use(await start({ seed, startAtMs: clock.now(), cutPower: () => {} }))
    standIns.push(standing)
    const { connection: type, settings, api } = standing
    const url = api && opened.use(await serve(standing, clock, () => isDown)).url
    connections[type] = { type, settings: { ...settings, ...(url === undefined ? {} : { url }) } }
  }
  const ticking = setInterval(() => {
    for (const { time } of standIns) time?.advanceTo(clock.now())
  }, TICK_MS)
  opened.defer(() => clearInterval(ticking))
  const missing = types.filter((type) => !connections[type])
  if (missing.length > 0) throw new Error(`nothing stands in for ${missing.join(', ')}`)
  const running = opened.move()
  return {
    standIns,
    connections,
    known: Object.assign({}, ...standIns.map(({ known }) => known)),
    ...(types.includes(VAULT) ? { vaultFolder: vault.folder } : {}),
    setDown: (down) => {
      isDown = down
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

const TICK_MS = 10
const HOST = '127.0.0.1'

/** The stand-in's API on a port. */
async function serve({ api, time }: StandIn, clock: Clock, isDown: () => boolean): Promise<AsyncDisposable & { url: string }> {
  const server = createServer(async (request, response) => {
    const body = (await buffer(request)).toString()
    time?.advanceTo(clock.now())
    const {
      status,
      headers,
      body: answer,
    }: HttpAnswer = isDown()
      ? { status: 503, headers: {}, body: Buffer.from('down') }
      : await (api as NonNullable<StandIn['api']>).answer({
          method: request.method ?? 'GET',
          origin: url,
          path: request.url ?? '/',
          headers: headersOf(request),
          ...(body === '' ? {} : { body }),
        })
    const { 'content-length': _length, 'transfer-encoding': _encoding, connection: _connection, ...kept } = headers
    response.writeHead(status, kept).end(answer)
  })
  server.listen(0, HOST)
  await once(server, 'listening')
  const url = `http://${HOST}:${(server.address() as AddressInfo).port}`
  return {
    url,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}

const headersOf = ({ headers }: IncomingMessage): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])))
