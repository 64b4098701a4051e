// What stands in a QEMU and in its scratch folder of what any run made there. Nodes are named by digests, which tell of no run; bitmaps,
// scratch files and exports hold the names, and what stands under a name is then looked for as ever.
import { readdir } from 'node:fs/promises'
import type { TargetRef } from '../../language/index.ts'
import type { ActionContext } from '../../packs/index.ts'
import type { JsonObject } from '../../values/index.ts'
import { namesAmong, namesAtPath, servesSeveral } from '../several-vms.ts'
import { activeDomains } from '../virsh.ts'
import { type Call, monitorIn } from './call.ts'
import { drivesOf, objectsOf } from './drives.ts'
import { asFailure } from './failures.ts'
import { type MonitorAt, MonitorFailed, ofVirsh } from './monitor.ts'
import { nameInDelta, nameInExport, nameInScratch } from './names.ts'
import { getVm } from './vm.ts'

/** The VMs of a target that can be asked; one without a name where the target is of one VM. */
export async function listVms({ hypervisor }: JsonObject, context: ActionContext): Promise<JsonObject> {
  const at = monitorIn(context.connection(hypervisor as TargetRef & JsonObject).settings, undefined)
  if (at === undefined || !servesSeveral(typeof at === 'string' ? at : at.name)) return { vms: [{}] }
  try {
    const names = await vmsAt(at, context.signal)
    // A target that is not as its operator thinks would look like one where nothing is left.
    if (names.length === 0) throw new MonitorFailed('unreachable', `no VM is at ${typeof at === 'string' ? at : at.name}`)
    return { vms: names.map((vmName) => ({ vmName })) }
  } catch (error) {
    context.signal.throwIfAborted()
    throw asFailure(error, false)
  }
}

async function vmsAt(at: MonitorAt, signal: AbortSignal): Promise<readonly string[]> {
  if (typeof at !== 'string') return namesAmong(at.name, await activeDomains(at.uri, signal).catch(ofVirsh))
  return await namesAtPath(at).catch((error: NodeJS.ErrnoException) => {
    throw new MonitorFailed('unreachable', `no monitors at ${at}: ${error.message}`, { cause: error })
  })
}

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
