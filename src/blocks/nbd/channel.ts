// Requests out, replies in: one negotiated connection that many calls share. It knows cookies, not what commands mean.
import { NbdError } from './error.ts'
import type { Negotiated } from './handshake.ts'
import { network } from './network.ts'
import type { Pending } from './pending.ts'
import { COMMAND, REQUEST_BYTES, REQUEST_MAGIC, writeUInt64 } from './protocol.ts'
import { createReplies } from './replies.ts'
import { deliver } from './transport.ts'

/** What is asked of the server, before it has a cookie. */
export interface Request {
  readonly command: number
  readonly flags?: number
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly data?: Buffer
  readonly into?: Buffer
  readonly statuses?: Map<number, Buffer>
}

export interface Channel {
  /** Resolves when the server did as it was asked; payloads are then in `into` or `statuses`. */
  call(request: Request): Promise<void>
  /** "Terminating the transmission phase": says goodbye and closes; what is under way fails. */
  end(): Promise<void>
}

/** What ends a connection whose other side is dead. */
export const silence = (timeoutMs: number): NbdError =>
  new NbdError('silent', `The server neither sent nor took a byte for ${timeoutMs} ms`)

/** `stop` breaks the connection; everything under way then fails with its reason. */
export function createChannel(negotiated: Negotiated, stop: AbortController, silenceTimeoutMs: number): Channel {
  const { transport, rest, structuredReplies } = negotiated
  const requests = new Map<number, Pending>()
  let lastCookie = 0
  let over: { readonly reason: unknown } | undefined

  // A turn without a byte in either direction while something is owed is silence; so the time-out takes one to two turns.
  const { after } = network()
  let seenBytes = -1
  let callOff = after(silenceTimeoutMs, watch)
  function watch(): void {
    const owed = requests.size > 0
    if (owed && transport.movedBytes === seenBytes) return stop.abort(silence(silenceTimeoutMs))
    seenBytes = owed ? transport.movedBytes : -1
    callOff = after(silenceTimeoutMs, watch)
  }

  transport.receiver = createReplies(
    requests,
    structuredReplies,
    (error) => stop.abort(error),
    (reason) => {
      over = { reason }
      callOff()
      const open = [...requests.values()]
      requests.clear()
      for (const request of open) request.reject(reason)
    },
  )

  deliver(transport.receiver, rest)

  function send(command: number, commandFlags: number, offsetBytes: number, lengthBytes: number, data?: Buffer): number {
    lastCookie += 1
    const message = Buffer.allocUnsafe(REQUEST_BYTES)
    message.writeUInt32BE(REQUEST_MAGIC, 0)
    message.writeUInt16BE(commandFlags, 4)
    message.writeUInt16BE(command, 6)
    writeUInt64(message, lastCookie, 8)
    writeUInt64(message, offsetBytes, 16)
    message.writeUInt32BE(lengthBytes, 24)
    transport.write(message)
    if (data) transport.write(data)
    return lastCookie
  }

  function call({ command, flags: commandFlags = 0, offsetBytes, lengthBytes, data, into, statuses }: Request): Promise<void> {
    return new Promise((resolve, reject) => {
      if (over) return reject(over.reason)
      const cookie = send(command, commandFlags, offsetBytes, lengthBytes, data)
      requests.set(cookie, {
        command,
        offsetBytes,
        lengthBytes,
        ...(into ? { into } : {}),
        ...(statuses ? { statuses } : {}),
        resolve,
        reject,
      })
    })
  }

  return {
    call,
    end: async () => {
      if (!over) send(COMMAND.disconnect, 0, 0, 0)
      await transport.end()
      stop.abort(new NbdError('disconnected', 'The connection was closed'))
    },
  }
}
