// The server's side of the handshake phase: greets, answers options, and ends with an export that the client may use.
// "Fixed newstyle negotiation"; with a TLS certificate it is a FORCEDTLS server: nothing is said before TLS.

import type { NbdExport, ResolveExport } from './export.ts'
import type { Incoming } from './incoming.ts'
import {
  BASE_ALLOCATION,
  DEFAULT_MAX_PAYLOAD_BYTES,
  encodeString,
  HANDSHAKE,
  INFO,
  INIT_MAGIC,
  MAX_STRING_BYTES,
  OPTION,
  OPTION_ERROR,
  OPTION_HEADER_BYTES,
  OPTION_MAGIC,
  OPTION_REPLY,
  OPTION_REPLY_HEADER_BYTES,
  OPTION_REPLY_MAGIC,
  TRANSMISSION,
  writeUInt64,
} from './protocol.ts'

export interface Client {
  readonly incoming: Incoming
  /** Resolves when the parts are handed to the kernel, or the client is gone. */
  send(...parts: readonly Buffer[]): Promise<void>
}

export interface HagglingOptions {
  readonly resolve: ResolveExport
  readonly list: () => Promise<readonly string[]>
  /** Upgrades the connection; absent when the server has no certificate, or TLS has begun. */
  readonly startTls?: () => Promise<Client | undefined>
}

export interface Agreed {
  readonly client: Client
  readonly disk: NbdExport
  readonly structuredReplies: boolean
  /** The client selected `base:allocation`, which has the id 1. */
  readonly allocation: boolean
}

export const ALLOCATION_ID = 1

/** What was agreed on; undefined when the client left or has to be dropped. */
export async function haggle(client: Client, options: HagglingOptions): Promise<Agreed | undefined> {
  const greeting = Buffer.concat([INIT_MAGIC, OPTION_MAGIC, Buffer.alloc(2)])
  greeting.writeUInt16BE(HANDSHAKE.fixedNewstyle | HANDSHAKE.noZeroes, 16)
  void client.send(greeting)
  const clientFlags = (await client.incoming.take(4))?.readUInt32BE(0)
  if (clientFlags === undefined || (clientFlags & ~(HANDSHAKE.fixedNewstyle | HANDSHAKE.noZeroes)) !== 0) return undefined
  return answerOptions(client, options, (clientFlags & HANDSHAKE.noZeroes) !== 0)
}

interface Option {
  readonly type: number
  readonly data: Buffer
}

/** "Security considerations": whoever sends more is not negotiating. */
const MOST_OPTION_BYTES = 1024 * 1024

async function takeOption(client: Client): Promise<Option | undefined> {
  const header = await client.incoming.take(OPTION_HEADER_BYTES)
  if (!header?.subarray(0, 8).equals(OPTION_MAGIC)) return undefined
  const length = header.readUInt32BE(12)
  if (length > MOST_OPTION_BYTES) return undefined
  const type = header.readUInt32BE(8)
  const data = await client.incoming.take(length)
  return data && { type, data }
}

async function answerOptions(plain: Client, options: HagglingOptions, noZeroes: boolean): Promise<Agreed | undefined> {
  let client = plain
  let startTls = options.startTls
  let structuredReplies = false
  let allocationOf: string | undefined

  for (let option = await takeOption(client); option; option = await takeOption(client)) {
    const { type, data } = option
    const reply = (replyType: number, content?: Buffer): void => {
      void client.send(encodeReply(type, replyType, content))
    }
    if (type === OPTION.abort) {
      reply(OPTION_REPLY.ack)
      return undefined
    }
    if (type === OPTION.startTls && startTls && data.length === 0) {
      reply(OPTION_REPLY.ack)
      const secured = await startTls()
      if (!secured) return undefined
      client = secured
      startTls = undefined
      continue
    }
    if (startTls) {
      // "FORCEDTLS mode"; NBD_OPT_EXPORT_NAME has no way to say no.
      if (type === OPTION.exportName) return undefined
      reply(OPTION_ERROR.tlsRequired)
      continue
    }
    switch (type) {
      case OPTION.structuredReply:
        if (data.length === 0) structuredReplies = true
        reply(data.length === 0 ? OPTION_REPLY.ack : OPTION_ERROR.invalid)
        break
      case OPTION.list:
        await answerList(data, options, reply)
        break
      case OPTION.listMetaContext:
      case OPTION.setMetaContext: {
        const selects = type === OPTION.setMetaContext
        if (selects) allocationOf = undefined
        const chosen = structuredReplies ? await answerMetaContext(data, selects, options, reply) : undefined
        if (!structuredReplies) reply(OPTION_ERROR.invalid)
        if (selects) allocationOf = chosen
        break
      }
      case OPTION.info:
      case OPTION.go: {
        const chosen = await answerGo(data, options, structuredReplies, reply)
        if (type === OPTION.info || !chosen) break
        return { client, disk: chosen.disk, structuredReplies, allocation: allocationOf === chosen.name }
      }
      case OPTION.exportName: {
        const name = data.toString('utf8')
        const disk = await options.resolve(name)
        if (!disk) return undefined
        void client.send(Buffer.concat([describe(disk, structuredReplies), Buffer.alloc(noZeroes ? 0 : 124)]))
        return { client, disk, structuredReplies, allocation: allocationOf === name }
      }
      default:
        reply(type === OPTION.startTls ? tlsError(options) : OPTION_ERROR.unsupported)
    }
  }
  return undefined
}

type Reply = (type: number, content?: Buffer) => void

/** A second STARTTLS is invalid; one to a server without certificate is declined. */
const tlsError = (options: HagglingOptions): number => (options.startTls ? OPTION_ERROR.invalid : OPTION_ERROR.policy)

async function answerList(data: Buffer, options: HagglingOptions, reply: Reply): Promise<void> {
  const names = data.length > 0 ? [] : await options.list()
  for (const name of names) reply(OPTION_REPLY.server, encodeString(name))
  reply(data.length > 0 ? OPTION_ERROR.invalid : OPTION_REPLY.ack)
}

/** The export's name when `base:allocation` is among the queries. `base:` is a wildcard in lists only. */
async function answerMetaContext(
  data: Buffer,
  selects: boolean,
  options: HagglingOptions,
  reply: Reply,
): Promise<string | undefined> {
  const name = readString(data, 0)
  const queries = name && readQueries(data, name.next)
  if (!name || !queries) {
    reply(OPTION_ERROR.invalid)
    return undefined
  }
  if (!(await options.resolve(name.text))) {
    reply(OPTION_ERROR.unknown)
    return undefined
  }
  const wanted = queries.includes(BASE_ALLOCATION) || (!selects && (queries.length === 0 || queries.includes('base:')))
  if (wanted) {
    const id = Buffer.alloc(4)
    id.writeUInt32BE(selects ? ALLOCATION_ID : 0)
    reply(OPTION_REPLY.metaContext, Buffer.concat([id, Buffer.from(BASE_ALLOCATION)]))
  }
  reply(OPTION_REPLY.ack)
  return wanted ? name.text : undefined
}

async function answerGo(
  data: Buffer,
  options: HagglingOptions,
  structuredReplies: boolean,
  reply: Reply,
): Promise<{ name: string; disk: NbdExport } | undefined> {
  const name = readString(data, 0)
  const count = name && data.length >= name.next + 2 ? data.readUInt16BE(name.next) : -1
  if (!name || data.length !== name.next + 2 + 2 * count) {
    reply(OPTION_ERROR.invalid)
    return undefined
  }
  const disk = await options.resolve(name.text)
  if (!disk || disk.gone?.aborted) {
    reply(OPTION_ERROR.unknown)
    return undefined
  }
  reply(OPTION_REPLY.info, Buffer.concat([sixteenBits(INFO.export), describe(disk, structuredReplies)]))
  const sizes = Buffer.alloc(14)
  sizes.writeUInt16BE(INFO.blockSize, 0)
  sizes.writeUInt32BE(1, 2)
  sizes.writeUInt32BE(4096, 6)
  sizes.writeUInt32BE(DEFAULT_MAX_PAYLOAD_BYTES, 10)
  reply(OPTION_REPLY.info, sizes)
  reply(OPTION_REPLY.ack)
  return { name: name.text, disk }
}

/** Size and transmission flags, as `NBD_INFO_EXPORT` and `NBD_OPT_EXPORT_NAME` give them. */
function describe(disk: NbdExport, structuredReplies: boolean): Buffer {
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

export const isWritable = (disk: NbdExport): boolean => !disk.readOnly && disk.write !== undefined

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

function encodeReply(option: number, type: number, content: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(OPTION_REPLY_HEADER_BYTES)
  OPTION_REPLY_MAGIC.copy(header)
  header.writeUInt32BE(option, 8)
  header.writeUInt32BE(type, 12)
  header.writeUInt32BE(content.length, 16)
  return Buffer.concat([header, content])
}
