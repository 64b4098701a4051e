// What of Holdfast's is left in a QEMU with a measuring guest, and in the guest.
import { readdir } from 'node:fs/promises'
import { type AgentAt, openAgent } from '../../../src/platforms/guest/index.ts'
import type { Guest } from '../../../src/platforms/qemu/measuring/boot.ts'
import { openMonitor } from '../../../src/platforms/qemu/monitor.ts'
import { isObject, type JsonObject } from '../../../src/values/index.ts'

const SIGNAL_MS = 60_000

export async function tell({ monitorPath }: Pick<Guest, 'monitorPath'>, command: string, args?: JsonObject) {
  using monitor = await openMonitor(monitorPath, AbortSignal.timeout(SIGNAL_MS))
  return await monitor.ask(command, args)
}

/** Inside QEMU and beside it, one checkpoint excepted. */
export async function whatIsLeft(guest: Pick<Guest, 'monitorPath' | 'folder'>): Promise<readonly string[]> {
  const nodes = (await tell(guest, 'query-named-block-nodes', { flat: true })) as readonly JsonObject[]
  const blocks = (await tell(guest, 'query-block')) as readonly JsonObject[]
  const jobs = (await tell(guest, 'query-jobs')) as readonly JsonObject[]
  const exports = (await tell(guest, 'query-block-exports')) as readonly JsonObject[]
  const bitmaps = nodes.flatMap((node) => (node['dirty-bitmaps'] ?? []) as readonly JsonObject[])
  const checkpoints = [...new Set(bitmaps.map(({ name }) => String(name)))]
  const files = (await readdir(guest.folder)).filter((file) => /^(hf-|holdfast-)/.test(file))
  return [
    ...nodes.map((node) => String(node['node-name'])).filter((name) => name.startsWith('hf-')),
    ...blocks.flatMap(({ inserted }) => (isObject(inserted) && /^hf-/.test(String(inserted['node-name'])) ? ['a filter'] : [])),
    ...jobs.map(({ id }) => `job ${String(id)}`),
    ...exports.map(({ id }) => `export ${String(id)}`),
    ...checkpoints.slice(1).map((name) => `checkpoint ${name}`),
    ...files,
  ].map((line) => `left behind: ${line}`)
}

/** Of the guest itself: its processors, file systems and application. */
export async function whatIsHeld(
  guest: Pick<Guest, 'monitorPath'> & { readonly agentPath: AgentAt },
): Promise<readonly string[]> {
  const { status } = (await tell(guest, 'query-status')) as JsonObject
  using agent = await openAgent(guest.agentPath, AbortSignal.timeout(SIGNAL_MS))
  const frozen = await agent.ask('guest-fsfreeze-status')
  const { pid } = (await agent.ask('guest-exec', { path: '/bin/test', arg: ['-e', '/run/hold'] })) as JsonObject
  let ended: JsonObject = {}
  while (ended.exited !== true) ended = (await agent.ask('guest-exec-status', { pid: pid ?? null })) as JsonObject
  return [
    ...(status === 'running' ? [] : [`the VM is ${String(status)}`]),
    ...(frozen === 'thawed' ? [] : [`the file systems are ${String(frozen)}`]),
    ...(ended.exitcode === 1 ? [] : ['the application holds still']),
  ]
}
