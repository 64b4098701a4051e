// A client of the QEMU guest agent, one question at a time: lines of JSON over a unix socket, or through libvirt, whose agent it then is.
// (qemu, docs/interop/qemu-ga-ref)
import { randomInt } from 'node:crypto'
import { isObject, type Json, type JsonObject } from '../../values/index.ts'
import { connectSocket, readJsonLines } from '../json-lines.ts'
import { askingDomain, type Domain, VirshFailed } from '../virsh.ts'

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

/** Where an agent is: a unix socket, or behind libvirt. */
export type AgentAt = string | Domain

/** Behind libvirt nothing is connected for it, and a question waits until libvirt has finished the one before. */
export const openAgent = async (at: AgentAt, signal: AbortSignal): Promise<Agent> =>
  typeof at === 'string' ? await connectTo(at, signal) : agentOf(at, signal)

function agentOf(domain: Domain, signal: AbortSignal): Agent {
  // An agent that is there gets the time that it needs, as a freeze does; one that is not is told at once.
  const ask = askingDomain(domain, ['qemu-agent-command', '--block'], signal)
  return {
    ask: async (command, args) => {
      if (JSON.stringify(args ?? {}).length > MAX_QUESTION_BYTES)
        throw new AgentFailed('refused', 'libvirt takes at most 128 KiB for a guest agent')
      return (await ask(command, args).catch(ofVirsh)).return ?? null
    },
    [Symbol.dispose]: () => {},
  }
}

/** Of 260 KiB not all comes through libvirt 9.0, and the agent takes the rest for a question. */
const MAX_QUESTION_BYTES = 131_072

function ofVirsh(error: unknown): never {
  if (!(error instanceof VirshFailed)) throw error
  throw new AgentFailed(error.reason === 'unusable' ? 'unreachable' : error.reason, error.message, { cause: error })
}

/**
 * Connects, and leaves behind whatever the agent still had to say to somebody else. An agent that is not there accepts the connection and
 * stays silent: only the signal ends that.
 */
async function connectTo(path: string, signal: AbortSignal): Promise<Agent> {
  const unreachable = (cause: NodeJS.ErrnoException) => {
    // An agent talks to one client, one more waits unheard, and all others get this.
    const message = cause.code === 'EAGAIN' ? `others talk to the guest agent at ${path}` : `no guest agent at ${path}`
    return new AgentFailed('unreachable', message, { cause })
  }
  const socket = await connectSocket(path, signal, unreachable)
  const lines = readJsonLines(socket, signal, () => new AgentFailed('lost', 'the connection to the guest agent broke'))
  const ask = async (command: string, args: JsonObject | undefined, prefix: readonly number[]): Promise<Json> => {
    const id = randomInt(2 ** 31)
    const question = { execute: command, ...(args === undefined ? {} : { arguments: args }), id }
    socket.write(Buffer.concat([Buffer.from(prefix), Buffer.from(`${JSON.stringify(question)}\n`)]))
    for (;;) {
      const answer = await lines.next()
      // What belongs to an earlier question, or to none, such as the complaint about the sentinel byte. Behind that, an error without an id
      // is about a question that the agent could not read.
      const unread = prefix.length === 0 && answer.id === undefined && isObject(answer.error)
      if (answer.id !== id && !unread) continue
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
