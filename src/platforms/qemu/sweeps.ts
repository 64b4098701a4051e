// What stands in a QEMU and in its scratch folder of what any run made there. Nodes are named by digests, which tell of no run; bitmaps,
// scratch files and exports hold the names, and what stands under a name is then looked for as ever.
import { readdir } from 'node:fs/promises'
import type { JsonObject } from '../../values/index.ts'
import type { Call } from './call.ts'
import { drivesOf, objectsOf } from './drives.ts'
import { nameInDelta, nameInExport, nameInScratch } from './names.ts'
import { getVm } from './vm.ts'

/** A handler that lists what `find` finds, by VM and name, under `property`. */
export const listing =
  (property: string, find: (call: Call) => Promise<JsonObject>) =>
  async (call: Call): Promise<JsonObject> => {
    const { vmId } = await getVm(call)
    const found: JsonObject[] = []
    for (const name of await namesIn(call)) {
      const { found: isThere } = await find({ ...call, input: { ...call.input, name } })
      if (isThere === true) found.push({ vm: vmId ?? '', name })
    }
    return { [property]: found }
  }

async function namesIn({ monitor, scratchDirectory }: Call): Promise<readonly string[]> {
  const { drives } = await drivesOf(monitor)
  const exports = objectsOf(await monitor.ask('query-block-exports'))
  const names = drives.flatMap(({ disk, bitmaps }) => [
    ...bitmaps.map(({ name }) => nameInDelta(name) ?? name),
    ...exports.flatMap(({ id }) => nameInExport(String(id), disk) ?? []),
  ])
  const files = await readdir(scratchDirectory)
  const kept = drives.flatMap(({ disk }) => files.flatMap((file) => nameInScratch(file, disk) ?? []))
  return [...new Set([...names, ...kept])].sort()
}
