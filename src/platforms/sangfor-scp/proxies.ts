// HotAdd, as far as it is no call: which proxy, how many disks at a time, and where a hot-added disk is in the proxy's guest.
// Pure over its input and the target's settings; it sends nothing.
import { createHash } from 'node:crypto'
import type { DiskAddress } from '../../blocks/index.ts'
import type { TargetRef } from '../../language/index.ts'
import { type ActionContext, ActionFailure, type Handlers } from '../../packs/index.ts'
import { isObject, type Json, type JsonObject } from '../../values/index.ts'

export const proxyHandlers: Handlers = {
  'sangfor-scp/proxy.choose': async (input) => choose(input as unknown as ChooseInput),
  'sangfor-scp/hotAdd.waves': async (input, context) => waves(input as unknown as WavesInput, context),
  'sangfor-scp/hotAdd.sources': async (input, context) => sources(input as unknown as SourcesInput, context),
}

interface ChooseInput {
  readonly serverId: string
  readonly disks: readonly { readonly disk: string; readonly storageId?: string }[]
  readonly storages: readonly { readonly storageId: string; readonly hostIds?: readonly string[] }[]
  readonly hosts: readonly { readonly hostId: string; readonly status: string }[]
  readonly servers: readonly Server[]
  readonly proxyId?: string
}

interface Server {
  readonly serverId: string
  readonly name: string
  readonly status: string
  readonly hostId?: string
  readonly osName?: string
}

const PROXY_OS_NAME = 'Backup Proxy'

function choose({ serverId, disks, storages, hosts, servers, proxyId }: ChooseInput): JsonObject {
  const reach = (storageId: string | undefined) => storages.find((one) => one.storageId === storageId)?.hostIds ?? []
  const hostIds = hosts
    .filter(({ hostId, status }) => status === 'running' && disks.every(({ storageId }) => reach(storageId).includes(hostId)))
    .map(({ hostId }) => hostId)
  if (hostIds.length === 0) throw proxyMissing('no host that runs reaches the datastores of all of its disks')
  const proxies = servers.filter(
    (each) =>
      each.osName === PROXY_OS_NAME &&
      hostIds.includes(each.hostId ?? '') &&
      (proxyId === undefined || each.serverId === proxyId) &&
      each.serverId !== serverId,
  )
  const proxy = proxies.toSorted((a, b) => (a.serverId < b.serverId ? -1 : 1))[turnOf(serverId, proxies.length)]
  if (!proxy) throw proxyMissing(`no backup proxy is on ${hostIds.join(' or ')}`)
  return { proxyId: proxy.serverId, name: proxy.name, running: proxy.status === 'running', hostIds }
}

/** The same VM meets the same proxy again; many VMs meet them all. */
const turnOf = (serverId: string, count: number): number =>
  createHash('sha256').update(serverId).digest().readUInt32BE() % Math.max(1, count)

interface OnCloud {
  readonly cloud: TargetRef
}

interface Disk {
  readonly disk: string
  readonly sizeBytes: number
}

interface WavesInput extends OnCloud {
  readonly disks: readonly Disk[]
  readonly occupied: number
}

const DEFAULT_MAX_DISKS = 15

function waves({ cloud, disks, occupied }: WavesInput, context: ActionContext): JsonObject {
  const { maxDisks } = hotAddOf(cloud, context)
  const free = (typeof maxDisks === 'number' ? maxDisks : DEFAULT_MAX_DISKS) - occupied
  if (free < 1) throw proxyFull(occupied)
  const count = Math.ceil(disks.length / free)
  const made = Array.from({ length: count }, (_, at) => ({
    wave: String(at + 1),
    disks: disks.slice(at * free, (at + 1) * free).map(({ disk, sizeBytes }) => ({ disk, sizeBytes })),
  }))
  return { waves: made }
}

interface SourcesInput extends OnCloud {
  readonly proxyId: string
  readonly added: readonly { readonly id: string; readonly disk: string }[]
  readonly disks: readonly Disk[]
}

const DEFAULT_DEVICE = '/dev/disk/by-id/virtio-{disk}'

function sources({ cloud, proxyId, added, disks }: SourcesInput, context: ActionContext): JsonObject {
  const { device, reader, ssh } = hotAddOf(cloud, context)
  const template = typeof device === 'string' ? device : DEFAULT_DEVICE
  const remote = reader === 'ssh'
  if (remote && !(isObject(ssh) && isObject(ssh[proxyId]))) throw proxyUnknown(proxyId)
  const made = disks.map(({ disk, sizeBytes }) => {
    const id = added.find((each) => each.disk === disk)?.id
    if (id === undefined) throw diskNotAdded(disk)
    const path = template.replaceAll('{disk}', id).replaceAll('{proxy}', proxyId)
    const address: DiskAddress | DeviceInProxy = remote ? { kind: 'proxy', proxyId, device: path } : { kind: 'file', path }
    return { disk, sizeBytes, address }
  })
  return { bridged: remote, sources: made as unknown as Json }
}

/** A block device in the guest of a proxy, where an NBD server is run over SSH to read or write it. */
export interface DeviceInProxy {
  readonly kind: 'proxy'
  readonly proxyId: string
  readonly device: string
}

function hotAddOf(cloud: TargetRef, context: ActionContext): JsonObject {
  const { hotAdd } = context.connection(cloud).settings
  return isObject(hotAdd) ? hotAdd : {}
}

const proxyMissing = (why: string): ActionFailure =>
  new ActionFailure({
    type: 'proxyMissing',
    message: `no backup proxy can reach all disks of the VM: ${why}`,
    hint: `deploy a proxy VM on a host that reaches all of its datastores, with guest tools and the OS name ${PROXY_OS_NAME}`,
    retryable: false,
    applied: 'no',
  })

const proxyFull = (occupied: number): ActionFailure =>
  new ActionFailure({
    type: 'proxyFull',
    message: `the proxy has ${occupied} disks and no place for another`,
    hint: 'wait until other backups have ended, or remove disks from the proxy',
    retryable: true,
    applied: 'no',
  })

const proxyUnknown = (proxyId: string): ActionFailure =>
  new ActionFailure({
    type: 'proxyUnknown',
    message: `the target does not say how to log in to proxy ${proxyId}`,
    hint: 'add it to hotAdd.ssh of the target, by its id',
    retryable: false,
    applied: 'no',
  })

const diskNotAdded = (disk: string): ActionFailure =>
  new ActionFailure({
    type: 'diskNotAdded',
    message: `disk ${disk} is not among the hot-added ones`,
    retryable: true,
    applied: 'no',
  })
