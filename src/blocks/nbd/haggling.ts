// The server's side of the handshake phase: greets, answers options, and ends with an export that the client may use.
// "Fixed newstyle negotiation"; with a TLS certificate it is a FORCEDTLS server: nothing is said before TLS.
import { answerGo, answerList, answerMetaContext, describe, type Reply } from './answers.ts'
import type { NbdExport, ResolveExport } from './export.ts'
import type { Incoming } from './incoming.ts'
import {
  HANDSHAKE,
  INIT_MAGIC,
  OPTION,
  OPTION_ERROR,
  OPTION_HEADER_BYTES,
  OPTION_MAGIC,
  OPTION_REPLY,
  OPTION_REPLY_HEADER_BYTES,
  OPTION_REPLY_MAGIC,
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
  /** Ids of the metadata contexts that the client selected. */
  readonly contexts: readonly number[]
}

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
  let selected: { readonly name: string; readonly ids: readonly number[] } | undefined

  const selectedOf = (name: string): readonly number[] => (selected?.name === name ? selected.ids : [])

  for (let option = await takeOption(client); option; option = await takeOption(client)) {
    const { type, data } = option
    const reply: Reply = (replyType, content) => {
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
        await answerList(data, options.list, reply)
        break
      case OPTION.listMetaContext:
      case OPTION.setMetaContext: {
        const selects = type === OPTION.setMetaContext
        if (selects) selected = undefined
        const chosen = structuredReplies ? await answerMetaContext(data, selects, options.resolve, reply) : undefined
        if (!structuredReplies) reply(OPTION_ERROR.invalid)
        if (selects) selected = chosen
        break
      }
      case OPTION.info:
      case OPTION.go: {
        const chosen = await answerGo(data, options.resolve, structuredReplies, reply)
        if (type === OPTION.info || !chosen) break
        return { client, disk: chosen.disk, structuredReplies, contexts: selectedOf(chosen.name) }
      }
      case OPTION.exportName: {
        const name = data.toString('utf8')
        const disk = await options.resolve(name)
        if (!disk) return undefined
        void client.send(Buffer.concat([describe(disk, structuredReplies), Buffer.alloc(noZeroes ? 0 : 124)]))
        return { client, disk, structuredReplies, contexts: selectedOf(name) }
      }
      default:
        reply(type === OPTION.startTls ? tlsError(options) : OPTION_ERROR.unsupported)
    }
  }
  return undefined
}

/** A second STARTTLS is invalid; one to a server without certificate is declined. */
const tlsError = (options: HagglingOptions): number => (options.startTls ? OPTION_ERROR.invalid : OPTION_ERROR.policy)

function encodeReply(option: number, type: number, content: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(OPTION_REPLY_HEADER_BYTES)
  OPTION_REPLY_MAGIC.copy(header)
  header.writeUInt32BE(option, 8)
  header.writeUInt32BE(type, 12)
  header.writeUInt32BE(content.length, 16)
  return Buffer.concat([header, content])
}
