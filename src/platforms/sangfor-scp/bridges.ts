// Disks that only a program can reach: the vendor's library behind nbdkit, or an NBD server in a proxy, run over SSH. A bridge holds the
// programs of one transfer; its name is chosen by the runbook, so that it is found and ended whatever became of the call.
import { createHash } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DiskAddress, type Relay, relayStreams } from '../../blocks/index.ts'
import type { TargetRef } from '../../language/index.ts'
import { type ActionContext, ActionFailure, type Connection, type Handlers } from '../../packs/index.ts'
import { openProgram } from '../../ssh/index.ts'
import { isObject, type Json, type JsonObject, Secret } from '../../values/index.ts'
import { NbdkitFailed, startNbdkit, stopNbdkit } from '../nbdkit-bridge.ts'
import { sshHostOf } from '../ssh-host.ts'
import type { LibraryDisk } from './disks.ts'
import type { DeviceInProxy } from './proxies.ts'

export const bridgeHandlers: Handlers = {
  'sangfor-scp/bridge.open': (input, context) => open(input as unknown as OpenInput, context),
  'sangfor-scp/bridge.close': async ({ bridge }) => {
    await close(String(bridge))
    return {}
  },
}

interface OpenInput {
  readonly cloud: TargetRef
  readonly bridge: string
  readonly writable?: boolean
  readonly sources: readonly {
    readonly disk: string
    readonly sizeBytes: number
    readonly address: LibraryDisk | DeviceInProxy
  }[]
}

/** Streams over SSH end with this process: a run that is taken up by another one fails to read, and is released. */
const relays = new Map<string, Relay[]>()

async function open({ cloud, bridge, writable = false, sources }: OpenInput, context: ActionContext): Promise<JsonObject> {
  const { settings } = context.connection(cloud)
  // What an earlier attempt has left.
  await close(bridge)
  const opened: { disk: string; sizeBytes: number; address: DiskAddress }[] = []
  try {
    for (const { disk, sizeBytes, address } of sources) {
      const reached =
        address.kind === 'sfvddk'
          ? await openLibrary(settings, address, { folder: join(folderOf(bridge), disk), writable, signal: context.signal })
          : await openProxy(settings, address, bridge)
      opened.push({ disk, sizeBytes, address: reached })
    }
  } catch (error) {
    await close(bridge)
    context.signal.throwIfAborted()
    throw error instanceof NbdkitFailed ? bridgeFailed(error) : error
  }
  return { sources: opened as unknown as Json }
}

async function close(bridge: string): Promise<void> {
  for (const relay of relays.get(bridge) ?? []) await relay[Symbol.asyncDispose]()
  relays.delete(bridge)
  const folder = folderOf(bridge)
  for (const disk of await readdir(folder).catch(() => [])) await stopNbdkit(join(folder, disk))
  await rm(folder, { recursive: true, force: true })
}

/** Short, as sockets in it need: the same for the same name, in whatever process. */
const folderOf = (bridge: string): string =>
  join(tmpdir(), `holdfast-${createHash('sha256').update(bridge).digest('hex').slice(0, 16)}`)

interface LibraryOptions {
  readonly folder: string
  readonly writable: boolean
  readonly signal: AbortSignal
}

const DEFAULT_PARAMETERS: Readonly<Record<string, string>> = {
  resource: '{lease}',
  server: '{server}',
  snapshot: '{snapshot}',
  disk: '{disk}',
  host: '{host}',
  port: '{port}',
  certificate: '{certificate}',
}

function openLibrary({ sfvddk }: Connection['settings'], disk: LibraryDisk, options: LibraryOptions): Promise<DiskAddress> {
  const { nbdkit, plugin, parameters, environment }: JsonObject = isObject(sfvddk) ? sfvddk : {}
  if (typeof plugin !== 'string') throw unusable('sfvddk.plugin of the target is missing')
  const known: Readonly<Record<string, string>> = { ...disk }
  const filled = Object.entries(isObject(parameters) ? parameters : DEFAULT_PARAMETERS).map(([name, value]) => [
    name,
    String(value).replace(/\{(\w+)\}/g, (whole, key: string) => known[key] ?? whole),
  ])
  return startNbdkit({
    folder: options.folder,
    plugin,
    parameters: Object.fromEntries(filled),
    readOnly: !options.writable,
    signal: options.signal,
    ...(typeof nbdkit === 'string' ? { nbdkit } : {}),
    ...(isObject(environment) ? { environment: environment as Readonly<Record<string, string>> } : {}),
  })
}

const DEFAULT_SERVER = ['nbdkit', '-s', 'file', '{device}']

async function openProxy(
  { hotAdd, proxyKey }: Connection['settings'],
  { proxyId, device }: DeviceInProxy,
  bridge: string,
): Promise<DiskAddress> {
  const settings: JsonObject = isObject(hotAdd) ? hotAdd : {}
  const proxy = isObject(settings.ssh) ? settings.ssh[proxyId] : undefined
  if (!isObject(proxy) || !(proxyKey instanceof Secret))
    throw unusable(`hotAdd.ssh or proxyKey of the target is missing for ${proxyId}`)
  const host = sshHostOf({ ...proxy, privateKey: proxyKey }, unusable)
  const server = Array.isArray(settings.server) ? settings.server.map(String) : DEFAULT_SERVER
  const [program = 'nbdkit', ...rest] = server.map((part) => part.replaceAll('{device}', device))
  const relay = await relayStreams(async (stop) => (await openProgram(host, [program, ...rest], stop)).stream)
  relays.set(bridge, [...(relays.get(bridge) ?? []), relay])
  return { kind: 'nbd-unix', path: relay.path, exportName: '' }
}

const unusable = (message: string): ActionFailure =>
  new ActionFailure({ type: 'bridgeFailed', message, hint: "see the pack's README", retryable: false, applied: 'no' })

const bridgeFailed = ({ message }: NbdkitFailed): ActionFailure =>
  new ActionFailure({ type: 'bridgeFailed', message, hint: 'try the same command by hand', retryable: true, applied: 'no' })
