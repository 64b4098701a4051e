// The present choice for ZADP, all of it assumed: NBD, one export for each ZBS volume. The simulator serves the same.
// `<zbsId>` is the volume; `<zbsId>/since/<base>` is its difference from an earlier snapshot, in which what did not change is a hole.
import { type DiskAddress, type Extent, NbdError, openSource, type TlsSettings } from '../../blocks/index.ts'
import type { Connection } from '../../packs/index.ts'
import { isObject, type JsonObject } from '../../values/index.ts'
import type { ZadpTransport, ZbsVolume } from './zadp.ts'

const DEFAULT_PORT = 10_809

export const nbdTransport: ZadpTransport = {
  address: (volume, connection) => addressOf(volume, connection, volume.zbsId),

  allocated: async (volume, connection, signal) => extentsAt(addressOf(volume, connection, volume.zbsId), volume, signal),

  changed: async (volume, baseZbsId, connection, signal) => {
    try {
      const address = addressOf(volume, connection, differenceName(volume.zbsId, baseZbsId))
      return (await extentsAt(address, volume, signal)).filter(({ kind }) => kind === 'data')
    } catch (error) {
      if (error instanceof NbdError && error.kind === 'exportUnknown') return undefined
      throw error
    }
  },
}

export const differenceName = (zbsId: string, baseZbsId: string): string => `${zbsId}/since/${baseZbsId}`

async function extentsAt(address: DiskAddress, { zbsId, sizeBytes }: ZbsVolume, signal: AbortSignal): Promise<readonly Extent[]> {
  await using source = await openSource(address, { signal, reconnect: false })
  if (source.sizeBytes < sizeBytes) throw new RangeError(`${zbsId} has ${source.sizeBytes} bytes where ${sizeBytes} are expected`)
  return await source.extents(0, sizeBytes)
}

function addressOf({ clusterId }: ZbsVolume, { settings }: Connection, exportName: string): DiskAddress {
  const zadp: JsonObject = isObject(settings.zadp) ? settings.zadp : {}
  const byCluster = isObject(zadp.clusters) ? textOf(zadp.clusters[clusterId]) : undefined
  const host = byCluster ?? textOf(zadp.host) ?? new URL(textOf(settings.url) ?? '').hostname.replace(/^\[|\]$/g, '')
  const tls = tlsOf(zadp)
  return {
    kind: 'nbd',
    host,
    port: typeof zadp.port === 'number' ? zadp.port : DEFAULT_PORT,
    exportName,
    ...(tls ? { tls } : {}),
  }
}

function tlsOf(zadp: JsonObject): TlsSettings | undefined {
  const [caCertificate, serverName] = [textOf(zadp.caCertificate), textOf(zadp.serverName)]
  if (caCertificate === undefined) return undefined
  return { caCertificate, ...(serverName === undefined ? {} : { serverName }) }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
