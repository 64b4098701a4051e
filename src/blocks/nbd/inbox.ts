// Bytes of a handshake in the order they arrive, taken in whole pieces.
import { protocolError } from './error.ts'
import type { Receiver } from './transport.ts'

export interface Inbox extends Receiver {
  /** The next `count` bytes, valid until the next call. One call at a time. */
  take(count: number): Promise<Buffer>
  /** What arrived and was not taken. */
  rest(): Buffer
}

const FIRST_BYTES = 16 * 1024
/** No honest server sends more before it is asked again. */
const MOST_BYTES = 8 * 1024 * 1024

export function createInbox(): Inbox {
  let memory = Buffer.allocUnsafe(FIRST_BYTES)
  let start = 0
  let end = 0
  let failure: { readonly reason: unknown } | undefined
  let waiting: { count: number; resolve: (bytes: Buffer) => void; reject: (reason: unknown) => void } | undefined

  function settle(): void {
    if (!waiting) return
    const { count, resolve, reject } = waiting
    if (end - start >= count) {
      waiting = undefined
      start += count
      resolve(memory.subarray(start - count, start))
    } else if (failure) {
      waiting = undefined
      reject(failure.reason)
    }
  }

  return {
    take: (count) =>
      new Promise((resolve, reject) => {
        if (count > MOST_BYTES) return reject(protocolError(`a handshake message of ${count} bytes`))
        waiting = { count, resolve, reject }
        settle()
      }),
    rest: () => memory.subarray(start, end),
    space: () => {
      if (end === memory.length) {
        const grown = Buffer.allocUnsafe(end - start > memory.length / 2 ? memory.length * 2 : memory.length)
        end = memory.copy(grown, 0, start, end)
        start = 0
        memory = grown
      }
      return memory.subarray(end)
    },
    filled: (count) => {
      end += count
      if (end - start > MOST_BYTES) failure ??= { reason: protocolError('more handshake data than was asked for') }
      settle()
    },
    ended: (reason) => {
      failure ??= { reason }
      settle()
    },
  }
}
