// The client's side of the handshake phase: from a fresh connection to an export that is ready for requests.
// "Fixed newstyle negotiation" only; `NBD_OPT_GO` only.
import type { TlsSettings } from '../model.ts'
import { NbdError, protocolError } from './error.ts'
import { createInbox, type Inbox } from './inbox.ts'
import {
  type BlockSizes,
  DEFAULT_BLOCK_SIZES,
  encodeString,
  HANDSHAKE,
  INFO,
  INIT_MAGIC,
  isOptionError,
  MAX_STRING_BYTES,
  OPTION,
  OPTION_ERROR,
  OPTION_HEADER_BYTES,
  OPTION_MAGIC,
  OPTION_REPLY,
  OPTION_REPLY_HEADER_BYTES,
  OPTION_REPLY_MAGIC,
  readUInt64,
  TRANSMISSION,
} from './protocol.ts'
import type { Transport } from './transport.ts'

export interface Negotiated {
  /** The connection as it is now, perhaps inside TLS, and what arrived behind the last reply. */
  readonly transport: Transport
  readonly rest: Buffer
  readonly sizeBytes: number
  /** "Transmission flags". */
  readonly flags: number
  readonly blockSizes: BlockSizes
  readonly structuredReplies: boolean
  /** Name of each metadata context that the server agreed to, by its id. */
  readonly contexts: ReadonlyMap<number, string>
}

export interface HandshakeOptions {
  readonly exportName: string
  /** Metadata contexts to ask for; the server may leave some out. */
  readonly contexts: readonly string[]
  readonly tls?: TlsSettings
  /** Name to verify when `tls` names none. */
  readonly host?: string
}

/** Fails with `tls…`, `exportUnknown`, `refused`, `protocol` or `disconnected`. */
export async function negotiate(transport: Transport, options: HandshakeOptions): Promise<Negotiated> {
  const talk = await greet(transport, options)
  const structuredReplies = await askStructuredReplies(talk)
  const contexts =
    structuredReplies && options.contexts.length > 0 ? await selectContexts(talk, options) : new Map<number, string>()
  const { sizeBytes, flags, blockSizes } = await go(talk, options.exportName)
  return { transport: talk.transport, rest: talk.inbox.rest(), sizeBytes, flags, blockSizes, structuredReplies, contexts }
}

/** The names of the server's exports (`NBD_OPT_LIST`); ends the session. */
export async function listExports(
  transport: Transport,
  options: Omit<HandshakeOptions, 'exportName' | 'contexts'>,
): Promise<string[]> {
  const talk = await greet(transport, options)
  const { replies, error } = await ask(talk, OPTION.list)
  if (error) throw refusal('list exports', error)
  talk.transport.write(encodeOption(OPTION.abort))
  await talk.transport.end()
  return replies.map(({ data }) => {
    const length = data.length >= 4 ? data.readUInt32BE(0) : Number.POSITIVE_INFINITY
    if (length > data.length - 4) throw protocolError('an export name longer than its reply')
    return data.toString('utf8', 4, 4 + length)
  })
}

interface Talk {
  readonly transport: Transport
  readonly inbox: Inbox
}

async function greet(transport: Transport, options: { tls?: TlsSettings; host?: string }): Promise<Talk> {
  const inbox = createInbox()
  transport.receiver = inbox
  const greeting = await inbox.take(18)
  if (!greeting.subarray(0, 8).equals(INIT_MAGIC)) throw protocolError('it does not begin with NBDMAGIC')
  if (!greeting.subarray(8, 16).equals(OPTION_MAGIC)) throw protocolError('it does not offer newstyle negotiation')
  const offered = greeting.readUInt16BE(16)
  if ((offered & HANDSHAKE.fixedNewstyle) === 0) throw protocolError('it does not offer fixed newstyle negotiation')
  const flags = Buffer.alloc(4)
  flags.writeUInt32BE(offered & (HANDSHAKE.fixedNewstyle | HANDSHAKE.noZeroes))
  transport.write(flags)
  return options.tls ? startTls({ transport, inbox }, options.tls, options.host) : { transport, inbox }
}

/** "Client-side requirements": nothing that came before TLS may count after it. */
async function startTls(talk: Talk, settings: TlsSettings, host: string | undefined): Promise<Talk> {
  const { error } = await ask(talk, OPTION.startTls)
  if (error) throw new NbdError('tlsUnavailable', `The server does not start TLS: ${error.text || hex(error.type)}`)
  if (talk.inbox.rest().length > 0) throw protocolError('plain bytes behind its consent to TLS')
  const transport = await talk.transport.startTls(settings, host)
  const inbox = createInbox()
  transport.receiver = inbox
  return { transport, inbox }
}

async function askStructuredReplies(talk: Talk): Promise<boolean> {
  const { error } = await ask(talk, OPTION.structuredReply)
  if (error?.type === OPTION_ERROR.tlsRequired) throw refusal('negotiate', error)
  return error === undefined
}

/** A server may know none of the contexts, or no metadata at all; then the map is empty. An unknown export shows in `go`. */
async function selectContexts(talk: Talk, options: HandshakeOptions): Promise<ReadonlyMap<number, string>> {
  const count = Buffer.alloc(4)
  count.writeUInt32BE(options.contexts.length)
  const request = Buffer.concat([encodeString(options.exportName), count, ...options.contexts.map(encodeString)])
  const { replies, error } = await ask(talk, OPTION.setMetaContext, request)
  const contexts = new Map<number, string>()
  if (error) return contexts
  for (const { type, data } of replies) {
    if (type !== OPTION_REPLY.metaContext || data.length < 4) throw protocolError('a metadata context without id')
    const name = data.toString('utf8', 4)
    if (!options.contexts.includes(name)) throw protocolError(`a metadata context that was not asked for: ${name}`)
    contexts.set(data.readUInt32BE(0), name)
  }
  return contexts
}

async function go(talk: Talk, exportName: string) {
  const wanted = Buffer.alloc(4)
  wanted.writeUInt16BE(1, 0)
  wanted.writeUInt16BE(INFO.blockSize, 2)
  const { replies, error } = await ask(talk, OPTION.go, Buffer.concat([encodeString(exportName), wanted]))
  if (error) throw refusal(`open the export '${exportName}'`, error)
  let sizeBytes: number | undefined
  let flags = 0
  let blockSizes: BlockSizes = DEFAULT_BLOCK_SIZES
  for (const { type, data } of replies) {
    if (type !== OPTION_REPLY.info || data.length < 2) throw protocolError('an answer to NBD_OPT_GO that is no information')
    const topic = data.readUInt16BE(0)
    if (topic === INFO.export) {
      if (data.length !== 12) throw protocolError('NBD_INFO_EXPORT of the wrong length')
      sizeBytes = readUInt64(data, 2)
      flags = data.readUInt16BE(10)
    } else if (topic === INFO.blockSize) blockSizes = readBlockSizes(data)
  }
  if (sizeBytes === undefined) throw protocolError('no NBD_INFO_EXPORT')
  if (!Number.isSafeInteger(sizeBytes)) throw protocolError('an export of 2^53 bytes or more')
  if ((flags & TRANSMISSION.hasFlags) === 0) throw protocolError('transmission flags without NBD_FLAG_HAS_FLAGS')
  return { sizeBytes, flags, blockSizes }
}

/** "Size constraints". */
function readBlockSizes(data: Buffer): BlockSizes {
  if (data.length !== 14) throw protocolError('NBD_INFO_BLOCK_SIZE of the wrong length')
  const minimumBytes = data.readUInt32BE(2)
  const preferredBytes = data.readUInt32BE(6)
  const maximumBytes = data.readUInt32BE(10)
  const isPower = (size: number) => Number.isInteger(Math.log2(size))
  const valid = isPower(minimumBytes) && minimumBytes <= 2 ** 16 && isPower(preferredBytes) && preferredBytes >= minimumBytes
  if (!valid || maximumBytes < minimumBytes) {
    throw protocolError(`block sizes ${minimumBytes}/${preferredBytes}/${maximumBytes}`)
  }
  return { minimumBytes, preferredBytes, maximumBytes }
}

interface OptionReply {
  readonly type: number
  readonly data: Buffer
}

/** All replies up to the final one; `error` when that was an error. */
async function ask(
  talk: Talk,
  option: number,
  data?: Buffer,
): Promise<{ replies: OptionReply[]; error?: { type: number; text: string } }> {
  talk.transport.write(encodeOption(option, data))
  const replies: OptionReply[] = []
  for (;;) {
    const header = await talk.inbox.take(OPTION_REPLY_HEADER_BYTES)
    if (!header.subarray(0, 8).equals(OPTION_REPLY_MAGIC)) throw protocolError('an option reply without its magic number')
    if (header.readUInt32BE(8) !== option) throw protocolError('a reply to an option that was not sent')
    const type = header.readUInt32BE(12)
    const length = header.readUInt32BE(16)
    if (length > MOST_REPLY_BYTES) throw protocolError(`an option reply of ${length} bytes`)
    const reply = Buffer.from(await talk.inbox.take(length))
    if (type === OPTION_REPLY.ack) return { replies }
    if (isOptionError(type)) return { replies, error: { type, text: reply.toString('utf8') } }
    if (replies.push({ type, data: reply }) > MOST_REPLIES) throw protocolError('no end of replies to one option')
  }
}

/** The largest reply names an export and describes it. */
const MOST_REPLY_BYTES = 16 + 2 * MAX_STRING_BYTES
const MOST_REPLIES = 100_000

function encodeOption(option: number, data: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(OPTION_HEADER_BYTES)
  OPTION_MAGIC.copy(header)
  header.writeUInt32BE(option, 8)
  header.writeUInt32BE(data.length, 12)
  return Buffer.concat([header, data])
}

/** "Option reply types", the errors. */
function refusal(what: string, { type, text }: { type: number; text: string }): NbdError {
  const said = text ? `: ${text}` : ''
  if (type === OPTION_ERROR.tlsRequired) return new NbdError('tlsRequired', `The server wants TLS to ${what}${said}`)
  if (type === OPTION_ERROR.unknown)
    return new NbdError('exportUnknown', `The server cannot ${what}: it has no such export${said}`)
  const transient = type === OPTION_ERROR.shutdown
  return new NbdError('refused', `The server refused to ${what} (${hex(type)})${said}`, { transient })
}

const hex = (value: number): string => `0x${value.toString(16)}`
