// What of a snapshot is to be read, and what its file systems say of themselves: both asked of the export, over NBD.
import { type BlockSource, type DiskAddress, NbdError, openSource, totalBytes } from '../../blocks/index.ts'
import { type ActionContext, ActionFailure } from '../../packs/index.ts'
import type { Json, JsonObject } from '../../values/index.ts'
import { ext4On } from './ext4.ts'
import { deltaOf } from './names.ts'

/** Where readers find an export. */
interface Place {
  readonly socket?: string
  readonly host?: string
  readonly port?: number
  readonly certificates?: string
}

interface OfExport {
  /** Handle of an Export. */
  readonly export: Place & { readonly name: string }
  readonly disks: readonly { readonly disk: string; readonly since?: string }[]
}

export async function changes(input: JsonObject, context: ActionContext): Promise<JsonObject> {
  const { export: at, disks } = input as unknown as OfExport
  const found = await Promise.all(
    disks.map(async ({ disk, since = '' }) => {
      const bitmap = since === '' ? {} : { dirtyBitmap: deltaOf(at.name) }
      const { sizeBytes, extents } = await onDisk(at, disk, context, bitmap, async (source) => ({
        sizeBytes: source.sizeBytes,
        extents: await source.extents(0, source.sizeBytes),
      }))
      return { disk, sizeBytes, extents, address: addressOf(at, disk) }
    }),
  )
  return {
    level: disks.some(({ since = '' }) => since !== '') ? 'incremental' : 'full',
    sources: found.map(({ disk, sizeBytes, address }) => ({ disk, sizeBytes, address })) as unknown as Json,
    maps: found.map(({ disk, extents }) => ({ disk, extents })) as unknown as Json,
    changedBytes: found.reduce((sum, { extents }) => sum + totalBytes(extents, 'data'), 0),
  }
}

/** Clean where every journal found is empty, as a freeze leaves it; file systems of other kinds say nothing here. */
export async function evidence(input: JsonObject, context: ActionContext): Promise<JsonObject> {
  const { export: at, disks } = input as unknown as OfExport
  const found = await Promise.all(
    disks.map(async ({ disk }) =>
      (await onDisk(at, disk, context, {}, ext4On)).map(({ offsetBytes, clean }) => ({ disk, offsetBytes, clean })),
    ),
  )
  const fileSystems = found.flat()
  return { fileSystems, contradicted: fileSystems.some(({ clean }) => !clean) }
}

function addressOf({ socket = '', host, port, certificates }: Place, disk: string): DiskAddress {
  if (host === undefined || port === undefined) return { kind: 'nbd-unix', path: socket, exportName: disk }
  return { kind: 'nbd', host, port, exportName: disk, ...(certificates === undefined ? {} : { tls: { folder: certificates } }) }
}

async function onDisk<Result>(
  at: Place,
  disk: string,
  { signal }: ActionContext,
  options: { readonly dirtyBitmap?: string },
  look: (source: BlockSource) => Promise<Result>,
): Promise<Result> {
  try {
    await using source = await openSource(addressOf(at, disk), { signal, reconnect: false, ...options })
    return await look(source)
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof NbdError)) throw error
    const message = `${disk} cannot be read: ${error.message}`
    throw new ActionFailure({ type: 'snapshotBroken', message, retryable: false, applied: 'no' }, { cause: error })
  }
}
