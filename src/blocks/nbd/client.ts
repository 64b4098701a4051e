// One export as the client sees it: checks what is asked against what the server offers, and cuts what is too long for one request.
// It does not repeat what failed and does not reconnect; `reconnecting.ts` does.
import type { Channel } from './channel.ts'
import { protocolError, requestError } from './error.ts'
import type { Negotiated } from './handshake.ts'
import { type BlockSizes, COMMAND, COMMAND_FLAG, DEFAULT_MAX_PAYLOAD_BYTES, MAX_EFFECT_BYTES, TRANSMISSION } from './protocol.ts'

/** What one metadata context says of a range. */
export interface BlockStatus {
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly flags: number
}

/** Every call fails with an `NbdError`, or with the reason of the signal that ended the connection. */
export interface NbdClient extends AsyncDisposable {
  readonly sizeBytes: number
  readonly readOnly: boolean
  readonly blockSizes: BlockSizes
  /** The metadata contexts that the server agreed to. */
  readonly contexts: readonly string[]
  readonly canFlush: boolean
  readonly canTrim: boolean
  readonly canZero: boolean
  /** Whether several connections see the same content (`NBD_FLAG_CAN_MULTI_CONN`). */
  readonly canMultiConnect: boolean
  /** Fills `into`; do not touch it before this settles. */
  read(offsetBytes: number, into: Buffer): Promise<void>
  /** `durable` asks for `NBD_CMD_FLAG_FUA`, which the server must offer with flush. */
  write(offsetBytes: number, data: Buffer, durable?: boolean): Promise<void>
  /** `NBD_CMD_WRITE_ZEROES`; the server may make a hole. */
  zero(offsetBytes: number, lengthBytes: number): Promise<void>
  /** `NBD_CMD_TRIM`: a hint; what is read afterwards is not said. */
  trim(offsetBytes: number, lengthBytes: number): Promise<void>
  flush(): Promise<void>
  /** At least one status, in order from the offset; perhaps less or more than asked for. */
  blockStatus(context: string, offsetBytes: number, lengthBytes: number): Promise<readonly BlockStatus[]>
}

/** `stop` breaks the connection when the server proves to lie. */
export function createClient(negotiated: Negotiated, channel: Channel, stop: AbortController): NbdClient {
  const { sizeBytes, flags, blockSizes, contexts } = negotiated

  /** "Size constraints", and the bounds of the export: what would be refused anyway is not sent. */
  function check(offsetBytes: number, lengthBytes: number): void {
    const { minimumBytes } = blockSizes
    if (offsetBytes < 0 || lengthBytes < 0 || offsetBytes + lengthBytes > sizeBytes) {
      throw requestError(`${lengthBytes} bytes at ${offsetBytes} lie outside of the export's ${sizeBytes}`)
    }
    if (offsetBytes % minimumBytes !== 0 || lengthBytes % minimumBytes !== 0) {
      throw requestError(`${lengthBytes} bytes at ${offsetBytes} are not aligned to the server's blocks of ${minimumBytes}`)
    }
  }

  function checkWritable(feature: number, name: string): void {
    if ((flags & TRANSMISSION.readOnly) !== 0) throw requestError('The export is read-only')
    if (feature !== 0 && (flags & feature) === 0) throw requestError(`The server does not offer ${name}`)
  }

  /** Cuts what is too long for one request and waits for all parts. */
  async function inParts(
    offsetBytes: number,
    lengthBytes: number,
    most: number,
    part: (from: number, length: number) => Promise<void>,
  ) {
    check(offsetBytes, lengthBytes)
    if (lengthBytes === 0) return
    if (lengthBytes <= most) return part(0, lengthBytes)
    const parts: Promise<void>[] = []
    for (let from = 0; from < lengthBytes; from += most) parts.push(part(from, Math.min(most, lengthBytes - from)))
    // The buffer belongs to the caller again when this settles, so no part may still be under way.
    for (const result of await Promise.allSettled(parts)) if (result.status === 'rejected') throw result.reason
  }

  const mostPayload = downTo(Math.min(blockSizes.maximumBytes, DEFAULT_MAX_PAYLOAD_BYTES), blockSizes.minimumBytes)

  return {
    sizeBytes,
    readOnly: (flags & TRANSMISSION.readOnly) !== 0,
    blockSizes,
    contexts: [...contexts.values()],
    canFlush: (flags & TRANSMISSION.sendFlush) !== 0,
    canTrim: (flags & TRANSMISSION.sendTrim) !== 0,
    canZero: (flags & TRANSMISSION.sendWriteZeroes) !== 0,
    canMultiConnect: (flags & TRANSMISSION.canMultiConn) !== 0,

    read: (offsetBytes, into) =>
      inParts(offsetBytes, into.length, mostPayload, (from, lengthBytes) =>
        channel.call({
          command: COMMAND.read,
          offsetBytes: offsetBytes + from,
          lengthBytes,
          into: lengthBytes === into.length ? into : into.subarray(from, from + lengthBytes),
        }),
      ),

    write: async (offsetBytes, data, durable = false) => {
      checkWritable(durable ? TRANSMISSION.sendFua : 0, 'durable writes')
      await inParts(offsetBytes, data.length, mostPayload, (from, lengthBytes) =>
        channel.call({
          command: COMMAND.write,
          flags: durable ? COMMAND_FLAG.fua : 0,
          offsetBytes: offsetBytes + from,
          lengthBytes,
          data: data.subarray(from, from + lengthBytes),
        }),
      )
    },

    zero: async (offsetBytes, lengthBytes) => {
      checkWritable(TRANSMISSION.sendWriteZeroes, 'writing zeroes')
      await inParts(offsetBytes, lengthBytes, MAX_EFFECT_BYTES, (from, length) =>
        channel.call({ command: COMMAND.writeZeroes, offsetBytes: offsetBytes + from, lengthBytes: length }),
      )
    },

    trim: async (offsetBytes, lengthBytes) => {
      checkWritable(TRANSMISSION.sendTrim, 'trimming')
      await inParts(offsetBytes, lengthBytes, MAX_EFFECT_BYTES, (from, length) =>
        channel.call({ command: COMMAND.trim, offsetBytes: offsetBytes + from, lengthBytes: length }),
      )
    },

    flush: async () => {
      if ((flags & TRANSMISSION.sendFlush) === 0) throw requestError('The server does not offer flush')
      await channel.call({ command: COMMAND.flush, offsetBytes: 0, lengthBytes: 0 })
    },

    blockStatus: async (context, offsetBytes, lengthBytes) => {
      check(offsetBytes, lengthBytes)
      const id = [...contexts].find(([, name]) => name === context)?.[0]
      if (id === undefined) throw requestError(`The server does not offer the metadata context ${context}`)
      const statuses = new Map<number, Buffer>()
      const most = Math.min(lengthBytes, MAX_EFFECT_BYTES)
      await channel.call({ command: COMMAND.blockStatus, offsetBytes, lengthBytes: most, statuses })
      const descriptors = statuses.get(id)
      const list = descriptors ? readDescriptors(descriptors, offsetBytes) : undefined
      if (list) return list
      const error = protocolError('a block status that lacks a context or holds an empty extent')
      stop.abort(error)
      throw error
    },

    [Symbol.asyncDispose]: () => channel.end(),
  }
}

const downTo = (size: number, multiple: number): number => Math.floor(size / multiple) * multiple

/** `NBD_REPLY_TYPE_BLOCK_STATUS`: 32 bits length, 32 bits flags each; undefined when a length is 0. */
function readDescriptors(descriptors: Buffer, startBytes: number): BlockStatus[] | undefined {
  const list: BlockStatus[] = []
  let offsetBytes = startBytes
  for (let at = 0; at < descriptors.length; at += 8) {
    const lengthBytes = descriptors.readUInt32BE(at)
    if (lengthBytes === 0) return undefined
    list.push({ offsetBytes, lengthBytes, flags: descriptors.readUInt32BE(at + 4) })
    offsetBytes += lengthBytes
  }
  return list
}
