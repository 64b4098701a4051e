// The OpenAPI slice of a pack, which its simulator is held to.
import { loadPack } from '../../packs/index.ts'
import type { JsonObject } from '../../values/index.ts'

const slices = new Map<string, Promise<JsonObject>>()

/** Each pack's is read once: that takes longer than everything else at a simulator's start. */
export function openapiSliceOf(packDirectory: string): Promise<JsonObject> {
  const slice = slices.get(packDirectory) ?? readSlice(packDirectory)
  slices.set(packDirectory, slice)
  return slice
}

async function readSlice(packDirectory: string): Promise<JsonObject> {
  const { pack, diagnostics } = await loadPack(packDirectory)
  if (!pack?.openapi) throw new Error(`the pack of this simulator does not load: ${diagnostics[0]?.message}`)
  return pack.openapi
}
