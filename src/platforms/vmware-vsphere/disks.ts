// Where the blocks of disks are read or written. The transport is a setting of the target, and nothing above knows which one it is:
// nbdkit with its vddk plug-in, which runs VMware's own library, or an NBD server of the operator's.
import { createHash } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DiskAddress } from '../../blocks/index.ts'
import type { TargetRef } from '../../language/index.ts'
import { type ActionContext, ActionFailure, type Connection, type Handlers } from '../../packs/index.ts'
import { isObject, type Json, type JsonObject, Secret } from '../../values/index.ts'
import { NbdkitFailed, startNbdkit, stopNbdkit } from '../nbdkit-bridge.ts'

export const diskHandlers: Handlers = {
  'vmware-vsphere/disks.open': (input, context) => open(input as unknown as OpenInput, context),
  'vmware-vsphere/disks.close': async ({ vmId, of }) => {
    await close(folderOf(String(vmId), String(of)))
    return {}
  },
}

interface Disk {
  readonly disk: string
  /** Of the device, where the backup calls it otherwise. */
  readonly key?: string
  readonly sizeBytes: number
  /** `[datastore] folder/name.vmdk` */
  readonly file: string
}

interface OpenInput {
  readonly vc: TargetRef
  readonly vmId: string
  readonly of: string
  readonly disks: readonly Disk[]
}

/** Stands for the disks themselves, which are written, where else a snapshot is named. */
const CURRENT = 'current'

async function open(input: OpenInput, context: ActionContext): Promise<JsonObject> {
  const connection = context.connection(input.vc)
  const sources: { disk: string; sizeBytes: number; address: DiskAddress }[] = []
  const folder = folderOf(input.vmId, input.of)
  // What an earlier attempt has left.
  await close(folder)
  try {
    for (const each of input.disks) {
      const address =
        connection.settings.transport === 'nbd'
          ? nbdAddress(connection, input, each)
          : await openLibrary(connection, input, each, join(folder, each.disk), context.signal)
      sources.push({ disk: each.disk, sizeBytes: each.sizeBytes, address })
    }
  } catch (error) {
    await close(folder)
    context.signal.throwIfAborted()
    throw error instanceof NbdkitFailed ? transportUnavailable(error.message) : error
  }
  return { sources: sources as unknown as Json }
}

/** nbdkit outlives this process: it is found by its folder and ended, whatever became of who started it. */
async function close(folder: string): Promise<void> {
  for (const disk of await readdir(folder).catch(() => [])) await stopNbdkit(join(folder, disk))
  await rm(folder, { recursive: true, force: true })
}

/** Short, as sockets in it need: the same for the same disks, in whatever process. */
const folderOf = (vmId: string, of: string): string =>
  join(tmpdir(), `holdfast-${createHash('sha256').update(`vsphere ${vmId} ${of}`).digest('hex').slice(0, 16)}`)

const DEFAULT_PORT = 10_809

function nbdAddress({ settings }: Connection, { vmId, of }: OpenInput, { disk, key = disk }: Disk): DiskAddress {
  const nbd: JsonObject = isObject(settings.nbd) ? settings.nbd : {}
  const host = typeof nbd.host === 'string' ? nbd.host : hostOf(settings.url)
  const port = typeof nbd.port === 'number' ? nbd.port : DEFAULT_PORT
  return { kind: 'nbd', host, port, exportName: `${vmId}/${of}/${key}` }
}

const hostOf = (url: unknown): string => new URL(String(url)).hostname.replace(/^\[|\]$/g, '')

/** Source: nbdkit-vddk-plugin(1). One disk for each process. */
function openLibrary(
  { settings }: Connection,
  { vmId, of }: OpenInput,
  { file }: Disk,
  folder: string,
  signal: AbortSignal,
): Promise<DiskAddress> {
  const { nbdkit, libdir, thumbprint, transports }: JsonObject = isObject(settings.vddk) ? settings.vddk : {}
  const { username, password, url } = settings
  if (typeof thumbprint !== 'string') throw transportUnavailable('vddk.thumbprint of the target is missing')
  if (!(password instanceof Secret)) throw transportUnavailable('password of the target is missing')
  const { port } = new URL(String(url))
  return startNbdkit({
    folder,
    plugin: 'vddk',
    parameters: {
      ...(typeof libdir === 'string' ? { libdir } : {}),
      server: hostOf(url),
      ...(port === '' ? {} : { port }),
      user: String(username),
      password,
      thumbprint,
      vm: `moref=${vmId}`,
      ...(of === CURRENT ? {} : { snapshot: of }),
      transports: typeof transports === 'string' ? transports : 'nbdssl',
      file,
    },
    readOnly: of !== CURRENT,
    signal,
    ...(typeof nbdkit === 'string' ? { nbdkit } : {}),
  })
}

const transportUnavailable = (message: string): ActionFailure =>
  new ActionFailure({
    type: 'transportUnavailable',
    message,
    hint: 'see the settings transport, vddk and nbd of the target',
    retryable: false,
    applied: 'no',
  })
