// A client of the QEMU guest agent: lines of JSON over a unix socket, one question at a time. (qemu, docs/interop/qemu-ga-ref)
import { randomInt } from 'node:crypto'
import { createConnection, type Socket } from 'node:net'
import { isObject, type Json, type JsonObject } from '../../values/index.ts'

export class AgentFailed extends Error {
  /** `refused`: the agent answered with an error. `lost`: the connection broke after a question. */
  readonly reason: 'unreachable' | 'refused' | 'lost'

  constructor(reason: AgentFailed['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'AgentFailed'
    this.reason = reason
  }
}

export interface Agent extends Disposable {
  /** Rejects with `AgentFailed`, or with the signal's reason. */
  ask(command: string, args?: JsonObject): Promise<Json>
}

const SENTINEL = 0xff
const LINE_END = 0x0a

/**
 * Connects, and leaves behind whatever the agent still had to say to somebody else. An agent that is not there accepts the connection and
 * stays silent: only the signal ends that.
 */
export async function openAgent(path: string, signal: AbortSignal): Promise<Agent> {
  signal.throwIfAborted()
  const socket = await connected(path, signal)
  const lines = readLines(socket, signal)
  const ask = async (command: string, args: JsonObject | undefined, prefix: readonly number[]): Promise<Json> => {
    const id = randomInt(2 ** 31)
    const question = { execute: command, ...(args === undefined ? {} : { arguments: args }), id }
    socket.write(Buffer.concat([Buffer.from(prefix), Buffer.from(`${JSON.stringify(question)}\n`)]))
    for (;;) {
      const answer = await lines.next()
      // What belongs to an earlier question, or to none, such as the complaint about the sentinel byte.
      if (answer.id !== id) continue
      if (isObject(answer.error)) throw new AgentFailed('refused', `${command}: ${String(answer.error.desc ?? 'refused')}`)
      return answer.return ?? null
    }
  }
  try {
    await ask('guest-sync-delimited', { id: randomInt(2 ** 31) }, [SENTINEL])
  } catch (error) {
    socket.destroy()
    throw error
  }
  return { ask: (command, args) => ask(command, args, []), [Symbol.dispose]: () => void socket.destroy() }
}

function connected(path: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path, signal })
    socket.once('connect', () => resolve(socket))
    socket.once('error', (error) =>
      reject(signal.aborted ? signal.reason : new AgentFailed('unreachable', `no guest agent at ${path}`, { cause: error })),
    )
  })
}

/** Objects, a line each; what stands before a sentinel byte on a line, and what is no object, is left out. */
function readLines(socket: Socket, signal: AbortSignal): { next(): Promise<JsonObject> } {
  const ready: JsonObject[] = []
  let rest = Buffer.alloc(0)
  let broken = false
  let wake = (): void => {}
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    for (let end = rest.indexOf(LINE_END); end >= 0; end = rest.indexOf(LINE_END)) {
      const line = rest.subarray(0, end)
      rest = rest.subarray(end + 1)
      const value = parsed(line.subarray(line.lastIndexOf(SENTINEL) + 1))
      if (isObject(value)) ready.push(value)
    }
    wake()
  })
  const ended = (): void => {
    broken = true
    wake()
  }
  socket.on('error', ended).on('close', ended)
  return {
    async next() {
      for (;;) {
        const first = ready.shift()
        if (first) return first
        signal.throwIfAborted()
        if (broken) throw new AgentFailed('lost', 'the connection to the guest agent broke')
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

function parsed(line: Buffer): Json | undefined {
  try {
    return JSON.parse(line.toString('utf8')) as Json
  } catch {
    return undefined
  }
}
