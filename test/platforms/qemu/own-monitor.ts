// A monitor of a test's own, which also hears when the processors stop and go on: what is told on one connection is told in order.
import { connectSocket, readJsonLines } from '../../../src/platforms/json-lines.ts'
import type { Monitor } from '../../../src/platforms/qemu/monitor.ts'
import { isObject, type Json, type JsonObject } from '../../../src/values/index.ts'

export interface OwnMonitor extends Monitor {
  /** How often the processors were stopped or went on, as far as it was told. Odd while they stand still. */
  turns(): number
}

export async function openOwnMonitor(path: string): Promise<OwnMonitor> {
  const { signal } = new AbortController()
  const socket = await connectSocket(path, signal, (cause) => new Error(`no monitor at ${path}`, { cause }))
  const lines = readJsonLines(socket, signal, () => new Error('the connection to the monitor broke'))
  let [lastId, turns] = [0, 0]
  const ask = async (command: string, args?: JsonObject): Promise<Json> => {
    lastId += 1
    const id = lastId
    socket.write(`${JSON.stringify({ execute: command, ...(args === undefined ? {} : { arguments: args }), id })}\n`)
    for (;;) {
      const answer = await lines.next()
      if (answer.event === 'STOP' || answer.event === 'RESUME') turns += 1
      if (answer.id !== id) continue
      if (isObject(answer.error)) throw new Error(`${command}: ${String(answer.error.desc)}`)
      return answer.return ?? null
    }
  }
  await lines.next()
  await ask('qmp_capabilities')
  return { ask, turns: () => turns, [Symbol.dispose]: () => void socket.destroy() }
}
