// What of each disk has to be read: which earlier point a backup can build on, and maps from changed areas. Pure over their input.
import { type Extent, fillExtents, totalBytes } from '../../blocks/index.ts'
import { ActionFailure, type Handlers } from '../../packs/index.ts'
import { isObject, type Json, type JsonObject } from '../../values/index.ts'

export const blockHandlers: Handlers = {
  'vmware-vsphere/base.choose': async (input) => choose(input as unknown as ChooseInput),
  'vmware-vsphere/disk.maps': async (input) => maps(input as unknown as MapsInput),
}

interface TrackedDisk {
  readonly disk: string
  readonly sizeBytes: number
  readonly changeId?: string
}

interface Point {
  readonly pointId: string
  readonly level?: string
  readonly platform: JsonObject
}

interface ChooseInput {
  readonly kind: 'full' | 'differential' | 'incremental'
  readonly disks: readonly TrackedDisk[]
  readonly last?: Point
  readonly full?: Point
}

/** Asks for all areas that are allocated. Source: VDDK guide; on VMFS datastores. */
const ALLOCATED = '*'

/**
 * An incremental goes on from the last backup of either kind, a differential from the last full one. Either needs every disk to be there
 * at the size it had, tracked by the same uuid since: all or nothing, for a point is of one level.
 */
function choose({ kind, disks, last, full }: ChooseInput): JsonObject {
  const lastFullId = last && (last.level === 'full' ? last.pointId : fullIdIn(last))
  const base = kind === 'incremental' ? last : last?.level === 'full' ? last : full
  const why = kind === 'full' ? 'a full one was asked for' : whyNot(disks, base)
  if (why !== undefined || !base) {
    const asked = disks.map(({ disk, sizeBytes, changeId }) => ({
      disk,
      sizeBytes,
      since: changeId === undefined ? '' : ALLOCATED,
    }))
    return { level: 'full', why: why ?? '', disks: asked }
  }
  const ids = idsIn(base)
  return {
    level: 'incremental',
    basePointId: base.pointId,
    why: '',
    ...(lastFullId === undefined ? {} : { fullPointId: lastFullId }),
    disks: disks.map(({ disk, sizeBytes }) => ({
      disk,
      sizeBytes,
      since: ids.find((each) => each.disk === disk)?.changeId ?? '',
    })),
  }
}

const fullIdIn = ({ platform }: Point): string | undefined =>
  typeof platform.fullPointId === 'string' ? platform.fullPointId : undefined

function idsIn({ platform }: Point): readonly TrackedDisk[] {
  const disks: readonly Json[] = Array.isArray(platform.disks) ? platform.disks : []
  return disks.flatMap((each) =>
    isObject(each) && typeof each.disk === 'string' && typeof each.sizeBytes === 'number'
      ? [
          {
            disk: each.disk,
            sizeBytes: each.sizeBytes,
            ...(typeof each.changeId === 'string' ? { changeId: each.changeId } : {}),
          },
        ]
      : [],
  )
}

/** Nothing when the base serves. */
function whyNot(disks: readonly TrackedDisk[], base: Point | undefined): string | undefined {
  if (!base) return 'there is no earlier point'
  const before = idsIn(base)
  if (before.length !== disks.length) return 'the VM has other disks than before'
  for (const { disk, sizeBytes, changeId } of disks) {
    const then = before.find((each) => each.disk === disk)
    if (!then || then.sizeBytes !== sizeBytes) return `disk ${disk} is not as it was`
    if (changeId === undefined || then.changeId === undefined) return `changes of disk ${disk} were not tracked`
    if (uuidOf(changeId) !== uuidOf(then.changeId)) return `tracking of disk ${disk} began anew`
  }
  return undefined
}

/** `<uuid>/<number>`: with another uuid tracking has restarted. Source: VDDK guide. */
const uuidOf = (changeId: string): string => changeId.slice(0, changeId.indexOf('/'))

interface MapsInput {
  readonly changes: readonly {
    readonly disk: string
    readonly sizeBytes: number
    readonly since: string
    readonly areas: readonly { readonly start: number; readonly length: number }[]
    readonly coveredBytes: number
  }[]
}

/** What the answers do not speak of is never taken for unchanged. */
function maps({ changes }: MapsInput): JsonObject {
  const made = changes.map(({ disk, sizeBytes, since, areas, coveredBytes }) => {
    if (since === '') return { disk, extents: [{ offsetBytes: 0, lengthBytes: sizeBytes, kind: 'data' as const }] }
    const outside = areas.find(({ start, length }) => start < 0 || length < 0 || start + length > sizeBytes)
    if (outside) throw areasUnusable(`an area at ${outside.start} passes the end of disk ${disk}`)
    if (coveredBytes < sizeBytes) throw areasUnusable(`the answers end at byte ${coveredBytes} of disk ${disk}`)
    const changed = areas.map(({ start, length }): Extent => ({ offsetBytes: start, lengthBytes: length, kind: 'data' }))
    return { disk, extents: fillExtents(changed, sizeBytes, since === ALLOCATED ? 'hole' : 'unchanged') }
  })
  const changedBytes = made.reduce((sum, { extents }) => sum + totalBytes(extents, 'data'), 0)
  return { maps: made as unknown as Json, changedBytes }
}

const areasUnusable = (message: string): ActionFailure =>
  new ActionFailure({ type: 'areasUnusable', message, hint: 'read all of the disk', retryable: false, applied: 'no' })
