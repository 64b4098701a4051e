// How every handler of this pack talks to a QEMU: connected for the one call, and its errors in the pack's words.
import type { TargetRef } from '../../language/index.ts'
import type { ActionContext, ActionHandler, Connection } from '../../packs/index.ts'
import type { JsonObject } from '../../values/index.ts'
import { settingFor } from '../several-vms.ts'
import { asFailure, failure } from './failures.ts'
import { type Monitor, type MonitorAt, openMonitor } from './monitor.ts'

export interface Call {
  readonly input: JsonObject
  readonly context: ActionContext
  /** For questions. */
  readonly monitor: Monitor
  /** Sends a command that changes something. */
  change(command: string, args?: JsonObject): Promise<void>
  /** Where scratch files and sockets are made. */
  readonly scratchDirectory: string
  /** Where disks are served over TCP and TLS; a unix socket without it. */
  readonly nbd?: {
    readonly host: string
    /** Any that is free without it. */
    readonly port?: number
    /** Folders: of QEMU's own, and of those who read. */
    readonly serverCertificates: string
    readonly certificates: string
  }
}

interface OnVm extends JsonObject {
  readonly hypervisor: TargetRef & JsonObject
  readonly vmName?: string
}

export const onVm =
  (perform: (call: Call) => Promise<JsonObject>): ActionHandler =>
  async (input, context) => {
    const { hypervisor, vmName } = input as OnVm
    const { settings } = context.connection(hypervisor)
    const [at, scratchDirectory] = [monitorIn(settings, vmName), settingFor(settings.scratchDirectory, vmName)]
    if (at === undefined || scratchDirectory === undefined)
      throw failure({ type: 'unreachable', message: 'this target names no monitor', retryable: false, applied: 'no' })
    let changed = false
    try {
      using monitor = await openMonitor(at, context.signal)
      const change = async (command: string, args?: JsonObject): Promise<void> => {
        context.assertOwner()
        changed = true
        await monitor.ask(command, args)
      }
      return await perform({ input, context, monitor, change, scratchDirectory, ...nbdIn(settings) })
    } catch (error) {
      context.signal.throwIfAborted()
      throw asFailure(error, changed)
    }
  }

/** With the slot for a name still in it where none is given. */
export function monitorIn(
  { monitor, libvirt, domain }: Connection['settings'],
  vmName: string | undefined,
): MonitorAt | undefined {
  const name = settingFor(domain, vmName)
  return typeof libvirt === 'string' && name !== undefined ? { uri: libvirt, name } : settingFor(monitor, vmName)
}

function nbdIn({ nbdHost = '127.0.0.1', nbdPort, certificates, serverCertificates }: Connection['settings']): Pick<Call, 'nbd'> {
  if (certificates === undefined && serverCertificates === undefined) return {}
  if (typeof certificates !== 'string' || typeof serverCertificates !== 'string' || typeof nbdHost !== 'string')
    throw failure({ type: 'refused', message: 'TLS needs certificates and serverCertificates', retryable: false, applied: 'no' })
  return { nbd: { host: nbdHost, certificates, serverCertificates, ...(typeof nbdPort === 'number' ? { port: nbdPort } : {}) } }
}
