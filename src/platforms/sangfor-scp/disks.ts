// The two handlers that YAML cannot say: where leased disks are read or written, and disk maps from changed areas.
// Pure over their input and the target's settings; they send nothing.
import { type DiskAddress, type Extent, fillExtents, totalBytes } from '../../blocks/index.ts'
import type { TargetRef } from '../../language/index.ts'
import { type ActionContext, ActionFailure, type Connection, type Handlers } from '../../packs/index.ts'
import { isObject, type Json, type JsonObject } from '../../values/index.ts'

export const handlers: Handlers = {
  'sangfor-scp/disk.sources': async (input, context) => sources(input as SourcesInput, context),
  'sangfor-scp/disk.maps': async (input) => maps(input as MapsInput),
}

interface Disk extends JsonObject {
  readonly disk: string
  readonly sizeBytes: number
}

interface SourcesInput extends JsonObject {
  readonly cloud: TargetRef & JsonObject
  /** Handle of a BackupResource. */
  readonly session: {
    readonly serverId?: string
    readonly resourceId: string
    readonly certificate?: string
    readonly hostId?: string
  }
  /** Handle of a Snapshot or GroupSnapshot. */
  readonly snapshot?: { readonly snapshotId: string }
  readonly transports: readonly string[]
  readonly disks: readonly Disk[]
}

type Transport = 'nbd' | 'nbd_ssl'

/** TLS first: plain NBD shows a guest's bytes to the whole network. */
const PREFERRED: readonly Transport[] = ['nbd_ssl', 'nbd']

/** Stands for the disks themselves in an export's name; the platform forbids a snapshot of this name. */
const CURRENT = 'current'

function sources({ cloud, session, snapshot, transports, disks }: SourcesInput, context: ActionContext): JsonObject {
  const { settings } = context.connection(cloud)
  if (settings.transport === 'sfvddk')
    return throughLibrary(settings, { session, disks, snapshotId: snapshot?.snapshotId ?? CURRENT })
  const allowed: readonly Transport[] =
    settings.transport === 'nbd' || settings.transport === 'nbd_ssl' ? [settings.transport] : PREFERRED
  const transport = allowed.find((each) => transports.includes(each))
  if (transport === undefined) throw transportUnavailable(allowed, transports)
  const endpoint = endpointOf({ settings }, session.hostId, transport)
  const tls = transport === 'nbd_ssl' ? tlsOf({ settings }, session.certificate) : undefined
  return {
    transport,
    bridged: false,
    sources: disks.map(({ disk, sizeBytes }) => {
      const exportName = [session.resourceId, snapshot?.snapshotId ?? CURRENT, disk].join('/')
      const address: DiskAddress = { kind: 'nbd', ...endpoint, exportName, ...(tls ? { tls } : {}) }
      return { disk, sizeBytes, address: address as unknown as JsonObject }
    }),
  }
}

/** What the library opens a disk by: it speaks to the same service, so where that listens is said as well. */
export interface LibraryDisk {
  readonly kind: 'sfvddk'
  readonly lease: string
  readonly server: string
  readonly snapshot: string
  readonly disk: string
  readonly host: string
  readonly port: string
  readonly certificate: string
}

function throughLibrary(
  settings: Connection['settings'],
  { session, disks, snapshotId }: Pick<SourcesInput, 'session' | 'disks'> & { readonly snapshotId: string },
): JsonObject {
  const { host, port } = endpointOf({ settings }, session.hostId, 'nbd')
  const made = disks.map(({ disk, sizeBytes }) => {
    const address: LibraryDisk = {
      kind: 'sfvddk',
      lease: session.resourceId,
      server: session.serverId ?? '',
      snapshot: snapshotId,
      disk,
      host,
      port: String(port),
      certificate: session.certificate ?? '',
    }
    return { disk, sizeBytes, address }
  })
  return { transport: 'sfvddk', bridged: true, sources: made as unknown as Json }
}

const DEFAULT_PORT = 10_809

function endpointOf({ settings }: Pick<Connection, 'settings'>, hostId: string | undefined, transport: Transport) {
  const nbd: JsonObject = isObject(settings.nbd) ? settings.nbd : {}
  const byHost = isObject(nbd.hosts) && hostId !== undefined ? nbd.hosts[hostId] : undefined
  const host = textOf(byHost) ?? textOf(nbd.host) ?? hostOf(textOf(settings.url) ?? '')
  const plainPort = typeof nbd.port === 'number' ? nbd.port : DEFAULT_PORT
  return { host, port: transport === 'nbd_ssl' && typeof nbd.tlsPort === 'number' ? nbd.tlsPort : plainPort }
}

function tlsOf({ settings }: Pick<Connection, 'settings'>, certificate: string | undefined) {
  if (certificate === undefined) throw certificateMissing()
  const serverName = isObject(settings.nbd) ? textOf(settings.nbd.serverName) : undefined
  return { caCertificate: certificate, ...(serverName === undefined ? {} : { serverName }) }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
const hostOf = (url: string): string => new URL(url).hostname.replace(/^\[|\]$/g, '')

interface MapsInput extends JsonObject {
  readonly changes: readonly (Disk & {
    readonly since: string
    readonly areas: readonly { readonly start: number; readonly length: number }[]
  })[]
}

/** The last area may pass the end of the disk, areas may touch: clipped and joined. What no area covers is said as well. */
function maps({ changes }: MapsInput): JsonObject {
  const made = changes.map(({ disk, sizeBytes, since, areas }) => {
    const changed = areas.map(({ start, length }): Extent => ({ offsetBytes: start, lengthBytes: length, kind: 'data' }))
    return { disk, extents: fillExtents(changed, sizeBytes, since === '0' ? 'hole' : 'unchanged') }
  })
  const changedBytes = made.reduce((sum, { extents }) => sum + totalBytes(extents, 'data'), 0)
  return { maps: made as unknown as Json, changedBytes }
}

const transportUnavailable = (allowed: readonly string[], offered: readonly string[]): ActionFailure =>
  new ActionFailure({
    type: 'transportUnavailable',
    message: `the platform offers ${offered.join(', ') || 'no transport'}, this connection allows ${allowed.join(', ')}`,
    hint: "change the target's transport, or enable the data transfer service on the HCI cluster",
    retryable: false,
    applied: 'no',
  })

const certificateMissing = (): ActionFailure =>
  new ActionFailure({
    type: 'transportUnavailable',
    message: 'the lease came without the certificate that nbd_ssl is verified by',
    retryable: false,
    applied: 'no',
  })
