// The server's answers to the options that ask about exports and metadata ("Option types").
import { isWritable, type NbdExport, type ResolveExport } from './export.ts'
import {
  BASE_ALLOCATION,
  DEFAULT_BLOCK_SIZES,
  DIRTY_BITMAP,
  encodeString,
  INFO,
  MAX_STRING_BYTES,
  OPTION_ERROR,
  OPTION_REPLY,
  TRANSMISSION,
  writeUInt64,
} from './protocol.ts'

/** Metadata contexts of a disk; the id of each is its place, counted from 1. */
export const contextsOf = ({ dirtyBitmaps = {} }: NbdExport): readonly string[] => [
  BASE_ALLOCATION,
  ...Object.keys(dirtyBitmaps).map((name) => DIRTY_BITMAP + name),
]

/** Sends one reply to the option that is being answered. */
export type Reply = (type: number, content?: Buffer) => void

export async function answerList(data: Buffer, list: () => Promise<readonly string[]>, reply: Reply): Promise<void> {
  const names = data.length > 0 ? [] : await list()
  for (const name of names) reply(OPTION_REPLY.server, encodeString(name))
  reply(data.length > 0 ? OPTION_ERROR.invalid : OPTION_REPLY.ack)
}

/** The export's name, and the ids of its contexts that are among the queries. A namespace is a wildcard in lists only. */
export async function answerMetaContext(
  data: Buffer,
  selects: boolean,
  resolve: ResolveExport,
  reply: Reply,
): Promise<{ readonly name: string; readonly ids: readonly number[] } | undefined> {
  const name = readString(data, 0)
  const queries = name && readQueries(data, name.next)
  if (!name || !queries) {
    reply(OPTION_ERROR.invalid)
    return undefined
  }
  const disk = await resolve(name.text)
  if (!disk) {
    reply(OPTION_ERROR.unknown)
    return undefined
  }
  const isWanted = (context: string): boolean =>
    queries.includes(context) ||
    (!selects && (queries.length === 0 || queries.some((query) => query.endsWith(':') && context.startsWith(query))))
  const ids: number[] = []
  for (const [index, context] of contextsOf(disk).entries()) {
    if (!isWanted(context)) continue
    const id = Buffer.alloc(4)
    id.writeUInt32BE(selects ? index + 1 : 0)
    reply(OPTION_REPLY.metaContext, Buffer.concat([id, Buffer.from(context)]))
    ids.push(index + 1)
  }
  reply(OPTION_REPLY.ack)
  return { name: name.text, ids }
}

export async function answerGo(
  data: Buffer,
  resolve: ResolveExport,
  structuredReplies: boolean,
  reply: Reply,
): Promise<{ name: string; disk: NbdExport } | undefined> {
  const name = readString(data, 0)
  const count = name && data.length >= name.next + 2 ? data.readUInt16BE(name.next) : -1
  if (!name || data.length !== name.next + 2 + 2 * count) {
    reply(OPTION_ERROR.invalid)
    return undefined
  }
  const disk = await resolve(name.text)
  if (!disk || disk.gone?.aborted) {
    reply(OPTION_ERROR.unknown)
    return undefined
  }
  reply(OPTION_REPLY.info, Buffer.concat([sixteenBits(INFO.export), describe(disk, structuredReplies)]))
  const sizes = Buffer.alloc(14)
  sizes.writeUInt16BE(INFO.blockSize, 0)
  sizes.writeUInt32BE(DEFAULT_BLOCK_SIZES.minimumBytes, 2)
  sizes.writeUInt32BE(DEFAULT_BLOCK_SIZES.preferredBytes, 6)
  sizes.writeUInt32BE(DEFAULT_BLOCK_SIZES.maximumBytes, 10)
  reply(OPTION_REPLY.info, sizes)
  reply(OPTION_REPLY.ack)
  return { name: name.text, disk }
}

/** Size and transmission flags, as `NBD_INFO_EXPORT` and `NBD_OPT_EXPORT_NAME` give them. */
export function describe(disk: NbdExport, structuredReplies: boolean): Buffer {
  let flags: number = TRANSMISSION.hasFlags | TRANSMISSION.canMultiConn
  if (structuredReplies) flags |= TRANSMISSION.sendDf
  if (!isWritable(disk)) flags |= TRANSMISSION.readOnly
  if (isWritable(disk) && disk.flush) flags |= TRANSMISSION.sendFlush | TRANSMISSION.sendFua
  if (isWritable(disk) && disk.zero) flags |= TRANSMISSION.sendTrim | TRANSMISSION.sendWriteZeroes
  const description = Buffer.alloc(10)
  writeUInt64(description, disk.sizeBytes, 0)
  description.writeUInt16BE(flags, 8)
  return description
}

function readString(data: Buffer, at: number): { text: string; next: number } | undefined {
  if (data.length < at + 4) return undefined
  const length = data.readUInt32BE(at)
  const next = at + 4 + length
  return length <= MAX_STRING_BYTES && next <= data.length ? { text: data.toString('utf8', at + 4, next), next } : undefined
}

function readQueries(data: Buffer, at: number): string[] | undefined {
  if (data.length < at + 4) return undefined
  const queries: string[] = []
  let next = at + 4
  for (let left = data.readUInt32BE(at); left > 0; left -= 1) {
    const query = readString(data, next)
    if (!query) return undefined
    queries.push(query.text)
    next = query.next
  }
  return next === data.length ? queries : undefined
}

function sixteenBits(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}
