// The VM as a whole: what it is, and holding it still for an instant.
import type { JsonObject } from '../../values/index.ts'
import type { Call } from './call.ts'
import { drivesOf, objectsOf } from './drives.ts'
import { failure } from './failures.ts'

const NO_UUID = '00000000-0000-0000-0000-000000000000'

export async function getVm({ monitor }: Call): Promise<JsonObject> {
  const { UUID: uuid } = (await monitor.ask('query-uuid')) as JsonObject
  const { name } = (await monitor.ask('query-name')) as JsonObject
  const vmId = uuid === NO_UUID ? name : uuid
  if (typeof vmId !== 'string')
    throw failure({ type: 'nameless', message: 'this VM has neither a UUID nor a name', retryable: false, applied: 'no' })
  const { drives, leftOut, blocks } = await drivesOf(monitor)
  const { status } = (await monitor.ask('query-status')) as JsonObject
  return {
    vmId,
    name: typeof name === 'string' ? name : vmId,
    running: status === 'running',
    disks: drives.map(({ disk, sizeBytes, format, bitmaps }) => ({
      disk,
      sizeBytes,
      format,
      checkpoints: bitmaps.filter(({ usable }) => usable).map((bitmap) => bitmap.name),
      spoilt: bitmaps.filter(({ spoilt }) => spoilt).map((bitmap) => bitmap.name),
    })),
    leftOut: [...leftOut],
    machine: await machineOf({ monitor }, drives),
    config: { blocks },
  }
}

async function machineOf(
  { monitor }: Pick<Call, 'monitor'>,
  drives: readonly { readonly disk: string; readonly device: string }[],
): Promise<JsonObject> {
  const memory = (await monitor.ask('query-memory-size-summary')) as JsonObject
  const networks = objectsOf(await monitor.ask('query-rx-filter').catch(() => []))
  return {
    cpus: objectsOf(await monitor.ask('query-cpus-fast')).length,
    memoryBytes: Number(memory['base-memory']) + Number(memory['plugged-memory'] ?? 0),
    // The monitor does not say what the VM starts with.
    firmware: 'unknown',
    disks: drives.map(({ disk, device }) => ({ disk, ...(device.includes('virtio') ? { bus: 'virtio' } : {}) })),
    networks: networks.map((card) => ({ mac: String(card['main-mac']) })),
  }
}

export async function pauseVm({ monitor, change }: Call): Promise<JsonObject> {
  const { status } = (await monitor.ask('query-status')) as JsonObject
  if (status !== 'running')
    throw failure({ type: 'notRunning', message: `the VM is ${String(status)}`, retryable: false, applied: 'no' })
  await change('stop')
  return {}
}

export async function vmState({ monitor }: Call): Promise<JsonObject> {
  const { status } = (await monitor.ask('query-status')) as JsonObject
  return { found: status === 'paused' }
}

export async function resumeVm({ monitor, change }: Call): Promise<JsonObject> {
  const { status } = (await monitor.ask('query-status')) as JsonObject
  if (status !== 'paused')
    throw failure({ type: 'gone', message: `the VM is ${String(status)}, not paused`, retryable: false, applied: 'no' })
  await change('cont')
  return {}
}
