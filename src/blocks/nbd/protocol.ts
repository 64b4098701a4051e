// Numbers of the NBD protocol as its specification gives them (doc/proto.md of the NetworkBlockDevice project, "Values").
// Client and server share them; nothing here reads or writes.

/** "Newstyle negotiation": what a server says first. */
export const INIT_MAGIC = Buffer.from('NBDMAGIC', 'latin1')
export const OPTION_MAGIC = Buffer.from('IHAVEOPT', 'latin1')
/** "Fixed newstyle negotiation": 0x3e889045565a9 opens every option reply. */
export const OPTION_REPLY_MAGIC = Buffer.from('0003e889045565a9', 'hex')
/** "Request message", "Simple reply message", "Structured reply chunk message". */
export const REQUEST_MAGIC = 0x25609513
export const SIMPLE_REPLY_MAGIC = 0x67446698
export const STRUCTURED_REPLY_MAGIC = 0x668e33ef

/** "Handshake flags" and "Client flags" share their bits. */
export const HANDSHAKE = { fixedNewstyle: 1, noZeroes: 2 } as const

/** "Option types". */
export const OPTION = {
  exportName: 1,
  abort: 2,
  list: 3,
  startTls: 5,
  info: 6,
  go: 7,
  structuredReply: 8,
  listMetaContext: 9,
  setMetaContext: 10,
} as const

/** "Option reply types"; errors have bit 31 set. */
export const OPTION_REPLY = { ack: 1, server: 2, info: 3, metaContext: 4 } as const
const ERROR_BIT = 2 ** 31
export const OPTION_ERROR = {
  unsupported: ERROR_BIT + 1,
  policy: ERROR_BIT + 2,
  invalid: ERROR_BIT + 3,
  platform: ERROR_BIT + 4,
  tlsRequired: ERROR_BIT + 5,
  unknown: ERROR_BIT + 6,
  shutdown: ERROR_BIT + 7,
  blockSizeRequired: ERROR_BIT + 8,
  tooBig: ERROR_BIT + 9,
} as const
export const isOptionError = (type: number): boolean => type >= ERROR_BIT

/** Information types of `NBD_REP_INFO`. */
export const INFO = { export: 0, name: 1, description: 2, blockSize: 3 } as const

/** "Transmission flags". */
export const TRANSMISSION = {
  hasFlags: 1 << 0,
  readOnly: 1 << 1,
  sendFlush: 1 << 2,
  sendFua: 1 << 3,
  sendTrim: 1 << 5,
  sendWriteZeroes: 1 << 6,
  sendDf: 1 << 7,
  canMultiConn: 1 << 8,
} as const

/** "Request types" and "Command flags". */
export const COMMAND = { read: 0, write: 1, disconnect: 2, flush: 3, trim: 4, writeZeroes: 6, blockStatus: 7 } as const
export const COMMAND_FLAG = { fua: 1 << 0, noHole: 1 << 1, df: 1 << 2, reqOne: 1 << 3 } as const

/** "Structured reply types" and "Structured reply flags"; error chunks have bit 15 set. */
export const CHUNK = { none: 0, offsetData: 1, offsetHole: 2, blockStatus: 5, error: 0x8001, errorOffset: 0x8002 } as const
export const CHUNK_DONE = 1
export const isErrorChunk = (type: number): boolean => (type & 0x8000) !== 0

/** "`base:allocation` metadata context". */
export const BASE_ALLOCATION = 'base:allocation'
export const STATE = { hole: 1, zero: 2 } as const
/** QEMU's contexts `qemu:dirty-bitmap:<name>`: bit 0 says that the range was written (QEMU, docs/interop/nbd.rst). */
export const DIRTY_BITMAP = 'qemu:dirty-bitmap:'
export const DIRTY = 1

/** "Error values". */
export const ERRNO = {
  EPERM: 1,
  EIO: 5,
  ENOMEM: 12,
  EINVAL: 22,
  ENOSPC: 28,
  EOVERFLOW: 75,
  ENOTSUP: 95,
  ESHUTDOWN: 108,
} as const
export type Errno = keyof typeof ERRNO

/** "Conventions": no string is longer. */
export const MAX_STRING_BYTES = 4096
/** "Size constraints": what every server takes unless it says otherwise, and what no peer may call an attack. */
export const DEFAULT_MAX_PAYLOAD_BYTES = 2 ** 25
export const DEFAULT_BLOCK_SIZES = { minimumBytes: 1, preferredBytes: 4096, maximumBytes: DEFAULT_MAX_PAYLOAD_BYTES } as const
/** `NBD_REPLY_TYPE_BLOCK_STATUS`: at most 2^20 descriptors of 8 bytes behind the context id. */
export const MAX_STATUS_BYTES = 4 + 8 * 2 ** 20
/** Lengths on the wire have 32 bits; kept a multiple of any block size. */
export const MAX_EFFECT_BYTES = 2 ** 32 - 2 ** 16

export const REQUEST_BYTES = 28
export const OPTION_HEADER_BYTES = 16
export const OPTION_REPLY_HEADER_BYTES = 20

/** Minimum, preferred and maximum sizes of one request ("Size constraints"). */
export interface BlockSizes {
  readonly minimumBytes: number
  readonly preferredBytes: number
  readonly maximumBytes: number
}

/** "Conventions": a string on the wire is its length (32 bits) and its UTF-8 bytes. */
export function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** Writes an integer below 2^53 as 64 bits, without a BigInt. */
export function writeUInt64(into: Buffer, value: number, at: number): void {
  into.writeUInt32BE(Math.floor(value / 2 ** 32), at)
  into.writeUInt32BE(value % 2 ** 32, at + 4)
}

/** Reads 64 bits; above 2^53 the result is no longer exact, which every bound check then refuses. */
export const readUInt64 = (from: Buffer, at: number): number => from.readUInt32BE(at) * 2 ** 32 + from.readUInt32BE(at + 4)
