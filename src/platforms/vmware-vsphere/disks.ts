// Where the blocks of disks are read or written. The transport is a setting of the target, and nothing above knows which one it is.
import type { DiskAddress } from '../../blocks/index.ts'
import type { TargetRef } from '../../language/index.ts'
import { type ActionContext, ActionFailure, type Connection, type Handlers } from '../../packs/index.ts'
import { isObject, type Json, type JsonObject } from '../../values/index.ts'

export const diskHandlers: Handlers = {
  'vmware-vsphere/disks.open': async (input, context) => open(input as unknown as OpenInput, context),
  // An NBD server of the operator's own opens and closes as it is asked.
  'vmware-vsphere/disks.close': async () => ({}),
}

interface OpenInput {
  readonly vc: TargetRef
  readonly vmId: string
  readonly of: string
  readonly disks: readonly { readonly disk: string; readonly key?: string; readonly sizeBytes: number; readonly file: string }[]
}

function open({ vc, vmId, of, disks }: OpenInput, context: ActionContext): JsonObject {
  const connection = context.connection(vc)
  if (connection.settings.transport !== 'nbd') throw transportUnavailable('transport vddk needs nbdkit with its vddk plug-in')
  const sources = disks.map(({ disk, key = disk, sizeBytes }) => ({
    disk,
    sizeBytes,
    address: nbdAddress(connection, `${vmId}/${of}/${key}`),
  }))
  return { sources: sources as unknown as Json }
}

const DEFAULT_PORT = 10_809

function nbdAddress({ settings }: Connection, exportName: string): DiskAddress {
  const nbd: JsonObject = isObject(settings.nbd) ? settings.nbd : {}
  const host = typeof nbd.host === 'string' ? nbd.host : new URL(String(settings.url)).hostname.replace(/^\[|\]$/g, '')
  return { kind: 'nbd', host, port: typeof nbd.port === 'number' ? nbd.port : DEFAULT_PORT, exportName }
}

const transportUnavailable = (message: string): ActionFailure =>
  new ActionFailure({ type: 'transportUnavailable', message, retryable: false, applied: 'no' })
