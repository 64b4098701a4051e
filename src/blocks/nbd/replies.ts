// The client's side of the transmission phase, inbound: parses replies and settles the requests they answer.
// Payloads of reads land in the caller's buffer.
import { type NbdError, protocolError, serverError } from './error.ts'
import { applyChunk, isWhole, nameOf, noteFilled, type Pending } from './pending.ts'
import { CHUNK, CHUNK_DONE, MAX_STATUS_BYTES, readUInt64, SIMPLE_REPLY_MAGIC, STRUCTURED_REPLY_MAGIC } from './protocol.ts'
import type { Receiver } from './transport.ts'

const SIMPLE_BYTES = 16
const CHUNK_BYTES = 20
/** A data chunk's header with its offset. */
const DATA_BYTES = 28
const SCRATCH_BYTES = 16 * 1024
const MOST_CONTROL_BYTES = MAX_STATUS_BYTES

/**
 * Parses replies for `requests`, keyed by cookie, and removes each that is done.
 * `broken` is called once, when the server breaks the protocol; nothing is parsed from then on.
 */
export function createReplies(
  requests: Map<number, Pending>,
  structuredReplies: boolean,
  broken: (error: NbdError) => void,
  ended: (reason: unknown) => void,
): Receiver {
  const scratch = Buffer.allocUnsafe(SCRATCH_BYTES)
  let start = 0
  let end = 0
  let dead = false
  // The payload that is being received, if any, and what to do when it is whole.
  let target: Buffer | undefined
  let position = 0
  let finish: () => void = () => {}

  function fail(reason: string): void {
    dead = true
    target = undefined
    broken(protocolError(reason))
  }

  function receive(into: Buffer, then: () => void): void {
    target = into
    position = 0
    finish = then
  }

  function settle(cookie: number, request: Pending): void {
    if (request.into && !request.error && !isWhole(request)) {
      fail('a read that was called done but is not whole, or not disjoint')
      return
    }
    requests.delete(cookie)
    if (request.error) request.reject(request.error)
    else request.resolve()
  }

  /** Takes one header if it is there; false when more bytes are needed. */
  function parseHeader(): boolean {
    const available = end - start
    if (available < SIMPLE_BYTES) return false
    const magic = scratch.readUInt32BE(start)
    if (magic === SIMPLE_REPLY_MAGIC) return parseSimple()
    if (magic !== STRUCTURED_REPLY_MAGIC || !structuredReplies) {
      fail('a reply without its magic number')
      return true
    }
    if (available < CHUNK_BYTES) return false
    return parseChunk(available)
  }

  function parseSimple(): boolean {
    const error = scratch.readUInt32BE(start + 4)
    const cookie = readUInt64(scratch, start + 8)
    const request = requests.get(cookie)
    start += SIMPLE_BYTES
    if (!request) fail('a reply to a request that was not sent')
    else if (structuredReplies && request.into) fail('a simple reply where a structured one was agreed on')
    else if (error !== 0) {
      request.error = serverError(nameOf(request), error, '')
      settle(cookie, request)
    } else if (request.into) {
      request.pieces = [0, request.lengthBytes]
      receive(request.into, () => settle(cookie, request))
    } else settle(cookie, request)
    return true
  }

  function parseChunk(available: number): boolean {
    const done = (scratch.readUInt16BE(start + 4) & CHUNK_DONE) !== 0
    const type = scratch.readUInt16BE(start + 6)
    if (type === CHUNK.offsetData && available < DATA_BYTES) return false
    const cookie = readUInt64(scratch, start + 8)
    const length = scratch.readUInt32BE(start + 16)
    const request = requests.get(cookie)
    start += CHUNK_BYTES
    if (!request) fail('a reply to a request that was not sent')
    else if (type === CHUNK.offsetData) data(cookie, request, length, done)
    else if (length > MOST_CONTROL_BYTES) fail(`a chunk of ${length} bytes`)
    else if (length === 0) control(cookie, request, type, Buffer.alloc(0), done)
    else {
      const payload = Buffer.allocUnsafe(length)
      receive(payload, () => control(cookie, request, type, payload, done))
    }
    return true
  }

  /** `NBD_REPLY_TYPE_OFFSET_DATA`. */
  function data(cookie: number, request: Pending, length: number, done: boolean): void {
    const from = readUInt64(scratch, start) - request.offsetBytes
    const to = from + length - 8
    start += DATA_BYTES - CHUNK_BYTES
    if (!request.into) fail('data for a request that reads nothing')
    else if (length < 9 || from < 0 || to > request.lengthBytes) fail('data outside of the range that was asked for')
    else {
      noteFilled(request, from, to)
      receive(request.into.subarray(from, to), () => {
        if (done) settle(cookie, request)
      })
    }
  }

  function control(cookie: number, request: Pending, type: number, payload: Buffer, done: boolean): void {
    const problem = applyChunk(request, type, payload, done)
    if (problem) fail(problem)
    else if (done) settle(cookie, request)
  }

  function consume(): void {
    while (!dead) {
      if (!target) {
        if (!parseHeader()) break
        continue
      }
      const count = Math.min(end - start, target.length - position)
      if (count > 0) {
        scratch.copy(target, position, start, start + count)
        start += count
        position += count
      }
      if (position < target.length) break
      target = undefined
      finish()
    }
    if (start === end) {
      start = 0
      end = 0
    }
  }

  return {
    space: () => {
      // What still comes goes nowhere, and must have room for it.
      if (dead) return scratch
      if (target) return target.subarray(position)
      if (start > 0 && scratch.length - end < DATA_BYTES) {
        end = scratch.copy(scratch, 0, start, end)
        start = 0
      }
      return scratch.subarray(end)
    },
    filled: (count) => {
      if (dead) return
      if (target) {
        position += count
        if (position < target.length) return
      } else end += count
      consume()
    },
    ended: (reason) => {
      dead = true
      target = undefined
      ended(reason)
    },
  }
}
