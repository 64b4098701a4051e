// The server's replies as bytes ("Simple reply message", "Structured reply chunk message"). A reply is one chunk, but for the status of several contexts.
import { CHUNK, CHUNK_DONE, SIMPLE_REPLY_MAGIC, STRUCTURED_REPLY_MAGIC, writeUInt64 } from './protocol.ts'

/** What a client asks for ("Request message"). */
export interface Request {
  readonly command: number
  readonly flags: number
  readonly cookie: Buffer
  readonly offsetBytes: number
  readonly lengthBytes: number
  /** What a write brings. */
  readonly data?: Buffer
}

/** One descriptor of a block status. */
export interface Status {
  lengthBytes: number
  readonly flags: number
}

/** Either kind of error reply. */
export function errorReply(request: Request, error: number, structured: boolean): Buffer {
  if (!structured) return simpleReply(request, error)
  const payload = Buffer.alloc(6)
  payload.writeUInt32BE(error, 0)
  return Buffer.concat([chunk(request, CHUNK.error, payload.length), payload])
}

/** Success without content. */
export const doneReply = (request: Request, structured: boolean): Buffer =>
  structured ? chunk(request, CHUNK.none, 0) : simpleReply(request, 0)

/** What goes before the content of a read. */
export const dataHead = (request: Request, structured: boolean): Buffer =>
  structured ? dataHeader(request) : simpleReply(request, 0)

/** What one metadata context says of a range. */
export interface ContextStatus {
  readonly id: number
  readonly statuses: readonly Status[]
}

/** A chunk for each context. */
export const statusReply = (request: Request, contexts: readonly ContextStatus[]): Buffer =>
  Buffer.concat(contexts.map((context, index) => statusChunk(request, context, index === contexts.length - 1)))

function statusChunk(request: Request, { id, statuses }: ContextStatus, isLast: boolean): Buffer {
  const payload = Buffer.alloc(4 + 8 * statuses.length)
  payload.writeUInt32BE(id, 0)
  statuses.forEach(({ lengthBytes, flags }, index) => {
    payload.writeUInt32BE(lengthBytes, 4 + 8 * index)
    payload.writeUInt32BE(flags, 8 + 8 * index)
  })
  return Buffer.concat([chunk(request, CHUNK.blockStatus, payload.length, isLast), payload])
}

function dataHeader(request: Request): Buffer {
  const offset = Buffer.alloc(8)
  writeUInt64(offset, request.offsetBytes, 0)
  return Buffer.concat([chunk(request, CHUNK.offsetData, 8 + request.lengthBytes), offset])
}

/** The whole range reads as zeros. */
export function holeReply(request: Request): Buffer {
  const hole = Buffer.alloc(12)
  writeUInt64(hole, request.offsetBytes, 0)
  hole.writeUInt32BE(request.lengthBytes, 8)
  return Buffer.concat([chunk(request, CHUNK.offsetHole, hole.length), hole])
}

function chunk(request: Request, type: number, length: number, isLast = true): Buffer {
  const header = Buffer.alloc(20)
  header.writeUInt32BE(STRUCTURED_REPLY_MAGIC, 0)
  header.writeUInt16BE(isLast ? CHUNK_DONE : 0, 4)
  header.writeUInt16BE(type, 6)
  request.cookie.copy(header, 8)
  header.writeUInt32BE(length, 16)
  return header
}

function simpleReply(request: Request, error: number): Buffer {
  const header = Buffer.alloc(16)
  header.writeUInt32BE(SIMPLE_REPLY_MAGIC, 0)
  header.writeUInt32BE(error, 4)
  request.cookie.copy(header, 8)
  return header
}
