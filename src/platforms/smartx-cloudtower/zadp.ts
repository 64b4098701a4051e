// ZADP, the interface through which ZBS volumes are backed up and restored, as far as Holdfast needs it: `ZadpTransport` is what
// somebody who has the vendor's description implements. Nothing of the protocol is public; README.md says what is assumed.
import { type DiskAddress, type Extent, fillExtents, totalBytes } from '../../blocks/index.ts'
import type { TargetRef } from '../../language/index.ts'
import { type ActionContext, ActionFailure, type Connection, type Handlers } from '../../packs/index.ts'
import type { Json, JsonObject } from '../../values/index.ts'

/** A ZBS volume, or a LUN snapshot, which is one too. */
export interface ZbsVolume {
  readonly clusterId: string
  /** `local_id` of a LUN snapshot, `zbs_volume_id` of a LUN. */
  readonly zbsId: string
  readonly sizeBytes: number
}

export interface ZadpTransport {
  /** Where its bytes are read or, for a volume that nothing mounts, written. Sends nothing. */
  address(volume: ZbsVolume, connection: Connection): DiskAddress
  /** What holds data, in order. Fails as reading does. */
  allocated(volume: ZbsVolume, connection: Connection, signal: AbortSignal): Promise<readonly Extent[]>
  /** What differs from another snapshot of the same volume, in order; nothing where that snapshot is not known any more. */
  changed(
    volume: ZbsVolume,
    baseZbsId: string,
    connection: Connection,
    signal: AbortSignal,
  ): Promise<readonly Extent[] | undefined>
}

interface SnapshotDisk {
  readonly disk: string
  readonly sizeBytes: number
  /** Name of the LUN snapshot. */
  readonly lunSnapshot: string
}
interface LunSnapshot {
  readonly name: string
  readonly zbsId: string
}

interface OnCluster extends JsonObject {
  readonly cloud: TargetRef & JsonObject
  readonly clusterId: string
}

interface ChangesInput {
  readonly disks: readonly SnapshotDisk[]
  readonly lunSnapshots: readonly LunSnapshot[]
  readonly base?: {
    readonly stored: readonly { readonly disk: string; readonly sizeBytes: number }[]
    readonly disks: readonly SnapshotDisk[]
    readonly lunSnapshots: readonly LunSnapshot[]
  }
}

interface TargetsInput {
  readonly volumes: readonly { readonly disk: string; readonly sizeBytes: number; readonly zbsId: string }[]
}

export const zadpHandlers = (transport: ZadpTransport): Handlers => ({
  'smartx-cloudtower/zadp.changes': (input, context) => changes(transport, input as OnCluster, context),
  'smartx-cloudtower/zadp.targets': async (input, context) => targets(transport, input as OnCluster, context),
})

async function changes(transport: ZadpTransport, input: OnCluster, context: ActionContext): Promise<JsonObject> {
  const { disks, lunSnapshots, base } = input as unknown as ChangesInput
  const connection = context.connection(input.cloud)
  const found: { disk: string; sizeBytes: number; address: DiskAddress; extents: readonly Extent[]; hasBase: boolean }[] = []
  for (const { disk, sizeBytes, lunSnapshot } of disks) {
    // Answers come in any order: the name joins them.
    const zbsId = lunSnapshots.find(({ name }) => name === lunSnapshot)?.zbsId
    if (zbsId === undefined) throw lunSnapshotMissing(disk, lunSnapshot)
    const volume = { clusterId: input.clusterId, zbsId, sizeBytes }
    const baseZbsId = base && baseOf(base, disk, sizeBytes)
    const read = await reading(context, async () => {
      const changed = baseZbsId && (await transport.changed(volume, baseZbsId, connection, context.signal))
      if (changed) return { extents: fillExtents(changed, sizeBytes, 'unchanged'), hasBase: true }
      const allocated = await transport.allocated(volume, connection, context.signal)
      return { extents: fillExtents(allocated, sizeBytes, 'hole'), hasBase: false }
    })
    found.push({ disk, sizeBytes, address: transport.address(volume, connection), ...read })
  }
  return {
    level: found.some(({ hasBase }) => hasBase) ? 'incremental' : 'full',
    sources: found.map(({ disk, sizeBytes, address }) => ({ disk, sizeBytes, address })) as unknown as Json,
    maps: found.map(({ disk, extents }) => ({ disk, extents })) as unknown as Json,
    changedBytes: found.reduce((sum, { extents }) => sum + totalBytes(extents, 'data'), 0),
  }
}

/** The snapshot that the last point's disk was made of; none where the point does not hold this volume at this size. */
function baseOf({ stored, disks, lunSnapshots }: NonNullable<ChangesInput['base']>, disk: string, sizeBytes: number) {
  const isSame = (other: { readonly disk: string; readonly sizeBytes: number }) =>
    other.disk === disk && other.sizeBytes === sizeBytes
  const then = stored.some(isSame) ? disks.find(isSame) : undefined
  return lunSnapshots.find(({ name }) => name === then?.lunSnapshot)?.zbsId
}

function targets(transport: ZadpTransport, input: OnCluster, context: ActionContext): JsonObject {
  const { volumes } = input as unknown as TargetsInput
  const connection = context.connection(input.cloud)
  const { clusterId } = input
  return {
    targets: volumes.map(({ disk, sizeBytes, zbsId }) => ({
      disk,
      sizeBytes,
      address: transport.address({ clusterId, zbsId, sizeBytes }, connection),
    })) as unknown as Json,
  }
}

/** Whatever the transport throws is the platform's trouble, not a bug of ours. */
async function reading<Result>({ signal }: ActionContext, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read()
  } catch (error) {
    signal.throwIfAborted()
    const message = `ZADP does not answer: ${error instanceof Error ? error.message : String(error)}`
    throw new ActionFailure({ type: 'zadpUnreachable', message, retryable: true, applied: 'no' }, { cause: error })
  }
}

const lunSnapshotMissing = (disk: string, name: string): ActionFailure =>
  new ActionFailure({
    type: 'lunSnapshotMissing',
    message: `volume ${disk} has no LUN snapshot ${name}`,
    retryable: false,
    applied: 'no',
  })
