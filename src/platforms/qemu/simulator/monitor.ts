// The simulated monitor on a unix socket, and the NBD server that it starts: the protocols as QEMU 7.2 speaks them.
import { rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { type NbdExport, type NbdServer, serveNbd } from '../../../blocks/index.ts'
import type { Json, JsonObject } from '../../../values/index.ts'
import { readJsonLines } from '../../json-lines.ts'
import { createFaults, type Faults, type ScriptedFault } from '../../simulation/index.ts'
import { argumentsOf, COMMANDS, Refused } from './commands.ts'
import { baseOf, extentsOf, type SimulatedMachine, writeAsGuest } from './machine.ts'

export interface MonitorFault extends ScriptedFault {
  /** `fails`: an error is answered, without effect. The others break the connection before or after the effect; `scratchFull` breaks snapshots. */
  readonly does: 'fails' | 'breaksBefore' | 'breaksAfter' | 'scratchFull'
}

/** What the monitors of one host share. */
export interface Watch {
  readonly faults: Faults<MonitorFault>
  /** How often each command was asked for. */
  readonly asked: Record<string, number>
}

export const createWatch = (): Watch => ({ faults: createFaults<MonitorFault>(), asked: {} })

export async function startMonitor(machine: SimulatedMachine, path: string, { faults, asked }: Watch): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>()
  let nbd: NbdServer | undefined
  let serving: Promise<void> = Promise.resolve()

  async function talk(socket: Socket): Promise<void> {
    socket.write(`${JSON.stringify({ QMP: { version: { qemu: { major: 7, minor: 2, micro: 22 } }, capabilities: [] } })}\r\n`)
    const lines = readJsonLines(socket, new AbortController().signal, () => new Error('the client has left'))
    for (;;) {
      const { execute, arguments: args, id = null } = await lines.next()
      const command = String(execute)
      asked[command] = (asked[command] ?? 0) + 1
      const does = faults.strike(command)[0]?.does
      if (does === 'breaksBefore') return
      if (does === 'scratchFull') machine.scratchFull = true
      const said =
        does === 'fails' ? refusal(new Refused('the simulated QEMU refuses')) : await answer(command, argumentsOf(args))
      // The guest does not wait for anybody.
      writeAsGuest(machine)
      if (does === 'breaksAfter' || machine.aborted !== undefined) return
      socket.write(`${JSON.stringify({ ...said, id })}\r\n`)
    }
  }

  async function answer(command: string, args: JsonObject): Promise<JsonObject> {
    const perform = COMMANDS[command]
    if (!perform) return refusal(new Refused(`The command ${command} has not been found`, 'CommandNotFound'))
    try {
      const value: Json = await perform(machine, args)
      await serveAsTold()
      return { return: value }
    } catch (error) {
      if (error instanceof Refused) return refusal(error)
      throw error
    }
  }

  /** One after the other: commands come on several connections at once. */
  function serveAsTold(): Promise<void> {
    const next = serving.then(serveOrNot)
    serving = next.catch(() => {})
    return next
  }

  async function serveOrNot(): Promise<void> {
    if (machine.serving && !nbd) {
      const { path: listening } = machine.serving
      // As QEMU does: a socket that is there already is taken away.
      await rm(listening, { force: true })
      nbd = await serveNbd({ listen: { path: listening }, resolve: async (name) => exportNamed(machine, name) })
    } else if (!machine.serving && nbd) {
      await nbd[Symbol.asyncDispose]()
      nbd = undefined
    }
  }

  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    talk(socket)
      .catch(() => {})
      .finally(() => {
        socket.destroy()
        sockets.delete(socket)
      })
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  return {
    [Symbol.asyncDispose]: async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      await nbd?.[Symbol.asyncDispose]()
    },
  }
}

const refusal = ({ message, errorClass }: Refused): JsonObject => ({ error: { class: errorClass, desc: message } })

/** A disk as it was, through the filter that keeps it. */
function exportNamed(machine: SimulatedMachine, name: string): NbdExport | undefined {
  const found = [...machine.exports.values()].find((each) => each.name === name)
  const base = found && baseOf(machine, found.node)
  const filter = machine.nodes.get(machine.nodes.get(found?.node ?? '')?.on[0] ?? '')
  if (!found || !base?.content) return undefined
  const view = filter?.kept ?? base.content
  const bitmaps = found.bitmaps.flatMap((each) => {
    const bitmap = machine.nodes.get(each.node)?.bitmaps.get(each.name)
    return bitmap ? [bitmap] : []
  })
  return {
    sizeBytes: view.sizeBytes,
    readOnly: true,
    read: async (offsetBytes, into) => {
      if (machine.scratchFull) throw Object.assign(new Error('the snapshot is broken'), { code: 'EACCES' })
      view.read(offsetBytes, into)
    },
    extents: async (offsetBytes, lengthBytes) => view.extents(offsetBytes, lengthBytes),
    dirtyBitmaps: Object.fromEntries(
      bitmaps.map((bitmap) => [
        bitmap.name,
        async (offsetBytes: number, lengthBytes: number) => extentsOf(bitmap, offsetBytes, lengthBytes),
      ]),
    ),
  }
}
