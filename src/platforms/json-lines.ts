// Objects of JSON, a line each, over a socket: how QEMU's monitor and its guest agent talk. It knows neither.
import { createConnection, type Socket } from 'node:net'
import { isObject, type Json, type JsonObject } from '../values/index.ts'

const LINE_END = 0x0a
/** Stands before the answer that a guest agent gives to `guest-sync-delimited`; no text in UTF-8 holds it. */
const SENTINEL = 0xff

/** Rejects with what `unreachable` makes of the error, or with the signal's reason. */
export function connectSocket(path: string, signal: AbortSignal, unreachable: (cause: Error) => Error): Promise<Socket> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path, signal })
    socket.once('connect', () => resolve(socket))
    socket.once('error', (error) => reject(signal.aborted ? signal.reason : unreachable(error)))
  })
}

export interface JsonLines {
  /** The next object; rejects with `lost()` when the connection has broken, or with the signal's reason. */
  next(): Promise<JsonObject>
}

/** What stands before a sentinel byte on a line, and what is no object, is left out. One reader at a time. */
export function readJsonLines(socket: Socket, signal: AbortSignal, lost: () => Error): JsonLines {
  const ready: JsonObject[] = []
  // Pieces of a line that has not ended: an answer may be of megabytes, and comes in thousands of them.
  let pieces: Buffer[] = []
  let broken = false
  let wake = (): void => {}
  socket.on('data', (chunk: Buffer) => {
    let from = 0
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
      const line = Buffer.concat([...pieces, chunk.subarray(from, end)])
      pieces = []
      from = end + 1
      const value = parsed(line.subarray(line.lastIndexOf(SENTINEL) + 1))
      if (isObject(value)) ready.push(value)
    }
    if (from < chunk.length) pieces.push(chunk.subarray(from))
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
        if (broken) throw lost()
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
