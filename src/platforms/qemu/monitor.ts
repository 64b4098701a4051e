// A client of QEMU's monitor: one command at a time, over a unix socket or through libvirt, whose monitor it then is. It knows no command.
// (QEMU, docs/interop/qmp-spec)
import { isObject, type Json, type JsonObject } from '../../values/index.ts'
import { connectSocket, readJsonLines } from '../json-lines.ts'
import { askingDomain, type Domain, VirshFailed } from '../virsh.ts'

export class MonitorFailed extends Error {
  /**
   * `busy`: somebody else is connected. `unusable`: libvirt has no such VM, or it does not run. `refused`: QEMU or libvirt answered with an
   * error. `lost`: the connection broke after a command.
   */
  readonly reason: 'unreachable' | 'busy' | 'unusable' | 'refused' | 'lost'
  /** Of an error that QEMU answered with, such as `GenericError`. */
  readonly errorClass?: string

  constructor(reason: MonitorFailed['reason'], message: string, options: ErrorOptions & { errorClass?: string } = {}) {
    super(message, options)
    this.name = 'MonitorFailed'
    this.reason = reason
    if (options.errorClass !== undefined) this.errorClass = options.errorClass
  }
}

export interface Monitor extends Disposable {
  /** Rejects with `MonitorFailed`, or with the signal's reason. */
  ask(command: string, args?: JsonObject): Promise<Json>
}

/** A monitor talks to one client only and lets others wait without a word; QEMU greets the one it talks to at once. */
const GREETING_MS = 10_000
const WHY_NOT = 'somebody else is connected to it, or QEMU stands still, as when it waits for its storage'

/** Where a monitor is: a unix socket, or behind libvirt. */
export type MonitorAt = string | Domain

/** Behind libvirt nothing is connected for it. */
export const openMonitor = async (at: MonitorAt, signal: AbortSignal): Promise<Monitor> =>
  typeof at === 'string' ? await connectTo(at, signal) : monitorOf(at, signal)

function monitorOf(domain: Domain, signal: AbortSignal): Monitor {
  const ask = askingDomain(domain, ['qemu-monitor-command'], signal)
  return {
    ask: async (command, args) => returned(command, await ask(command, args).catch(ofVirsh)),
    [Symbol.dispose]: () => {},
  }
}

/** Throws an error of virsh in these words. */
export function ofVirsh(error: unknown): never {
  if (!(error instanceof VirshFailed)) throw error
  throw new MonitorFailed(error.reason, error.message, { cause: error })
}

/** Connects and agrees on capabilities. */
async function connectTo(path: string, signal: AbortSignal): Promise<Monitor> {
  const unreachable = (cause: Error) => new MonitorFailed('unreachable', `no monitor at ${path}`, { cause })
  const socket = await connectSocket(path, signal, unreachable)
  const lines = readJsonLines(socket, signal, () => new MonitorFailed('lost', 'the connection to the monitor broke'))
  let lastId = 0
  const ask = async (command: string, args?: JsonObject): Promise<Json> => {
    lastId += 1
    const id = lastId
    socket.write(`${JSON.stringify({ execute: command, ...(args === undefined ? {} : { arguments: args }), id })}\n`)
    for (;;) {
      const answer = await lines.next()
      // Events stand between answers.
      if (answer.id === id) return returned(command, answer)
    }
  }
  let isOverdue = false
  const overdue = setTimeout(() => {
    isOverdue = true
    socket.destroy()
  }, GREETING_MS)
  try {
    const greeting = await lines.next()
    if (!isObject(greeting.QMP)) throw new MonitorFailed('unreachable', `what answers at ${path} is no monitor of QEMU`)
    await ask('qmp_capabilities')
  } catch (error) {
    socket.destroy()
    if (isOverdue) throw new MonitorFailed('busy', `the monitor at ${path} does not greet: ${WHY_NOT}`)
    throw error
  } finally {
    clearTimeout(overdue)
  }
  return { ask, [Symbol.dispose]: () => void socket.destroy() }
}

function returned(command: string, { error, return: value = null }: JsonObject): Json {
  if (!isObject(error)) return value
  throw new MonitorFailed('refused', `${command}: ${String(error.desc)}`, { errorClass: String(error.class) })
}
