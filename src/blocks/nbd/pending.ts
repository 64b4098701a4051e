// A request under way, and what the chunks of its reply do to it. Everything a server says is checked before it is believed.
import { type NbdError, serverError } from './error.ts'
import { CHUNK, COMMAND, isErrorChunk, MAX_STRING_BYTES, readUInt64 } from './protocol.ts'

/** A request under way. */
export interface Pending {
  readonly command: number
  readonly offsetBytes: number
  readonly lengthBytes: number
  /** Where a read's payload goes. */
  readonly into?: Buffer
  /** Block status: descriptors by context id. */
  readonly statuses?: Map<number, Buffer>
  /** Ends of the ranges that content chunks filled so far, as from, to, from, to… relative to the request. */
  pieces?: number[]
  error?: NbdError
  resolve(): void
  reject(error: unknown): void
}

/** "Structured reply types" but data; returns what is wrong, if anything. */
export function applyChunk(request: Pending, type: number, payload: Buffer, done: boolean): string | undefined {
  if (isErrorChunk(type)) return applyError(request, payload)
  switch (type) {
    case CHUNK.none:
      return payload.length > 0 || !done ? 'an empty chunk that is not empty or not the last' : undefined
    case CHUNK.offsetHole:
      return applyHole(request, payload)
    case CHUNK.blockStatus:
      return applyStatus(request, payload)
    default:
      return `a chunk of the unknown type ${type}`
  }
}

function applyError(request: Pending, payload: Buffer): string | undefined {
  if (payload.length < 6) return 'an error chunk without error'
  const error = payload.readUInt32BE(0)
  const length = payload.readUInt16BE(4)
  if (error === 0 || length > payload.length - 6 || length > MAX_STRING_BYTES) return 'an error chunk that contradicts itself'
  request.error ??= serverError(nameOf(request), error, payload.toString('utf8', 6, 6 + length))
  return undefined
}

function applyHole(request: Pending, payload: Buffer): string | undefined {
  if (!request.into) return 'a hole for a request that reads nothing'
  if (payload.length !== 12) return 'a hole of the wrong form'
  const from = readUInt64(payload, 0) - request.offsetBytes
  const to = from + payload.readUInt32BE(8)
  if (to <= from || from < 0 || to > request.lengthBytes) return 'a hole outside of the range that was asked for'
  noteFilled(request, from, to)
  request.into.fill(0, from, to)
  return undefined
}

function applyStatus(request: Pending, payload: Buffer): string | undefined {
  if (!request.statuses) return 'a block status that was not asked for'
  if (payload.length < 12 || (payload.length - 4) % 8 !== 0) return 'a block status of the wrong form'
  const context = payload.readUInt32BE(0)
  if (request.statuses.has(context)) return 'two block statuses for one context'
  request.statuses.set(context, payload.subarray(4))
  return undefined
}

export function noteFilled(request: Pending, from: number, to: number): void {
  if (request.pieces) request.pieces.push(from, to)
  else request.pieces = [from, to]
}

/** Every byte came exactly once ("MUST NOT overlap"). */
export function isWhole({ pieces, lengthBytes }: Pending): boolean {
  if (!pieces) return false
  if (pieces.length === 2) return pieces[0] === 0 && pieces[1] === lengthBytes
  const ranges: (readonly [number, number])[] = []
  for (let index = 0; index < pieces.length; index += 2) ranges.push([pieces[index] ?? 0, pieces[index + 1] ?? 0])
  ranges.sort((a, b) => a[0] - b[0])
  let reached = 0
  for (const [from, to] of ranges) {
    if (from !== reached) return false
    reached = to
  }
  return reached === lengthBytes
}

const COMMAND_NAMES = new Map<number, string>(Object.entries(COMMAND).map(([name, value]) => [value, name]))

export function nameOf(request: Pending): string {
  return `${COMMAND_NAMES.get(request.command)} of ${request.lengthBytes} bytes at ${request.offsetBytes}`
}
