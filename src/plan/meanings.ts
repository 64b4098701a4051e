// What the extents of a transfer come to.
import { isObject, isUnknown, type Json } from '../values/index.ts'

/** Bytes that extents hold; undefined where that is not known. */
export function dataBytes(extents: Json): number | undefined {
  if (!Array.isArray(extents)) return undefined
  let sumBytes = 0
  for (const extent of extents as readonly Json[]) {
    if (!isObject(extent) || isUnknown(extent.lengthBytes) || isUnknown(extent.kind)) return undefined
    if (extent.kind === 'data') sumBytes += Number(extent.lengthBytes)
  }
  return sumBytes
}
