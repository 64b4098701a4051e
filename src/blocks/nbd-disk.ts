// An NBD export as a source and as a sink of blocks.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { intersectExtents, normaliseExtents, subtractExtents } from './extents.ts'
import type { BlockSink, BlockSource, DiskAddress, Extent, ExtentKind, TlsFolder, TlsSettings } from './model.ts'
import { BASE_ALLOCATION, connectNbd, DIRTY, DIRTY_BITMAP, type NbdClient, NbdError, STATE } from './nbd/index.ts'
import { ZEROS } from './zeros.ts'

export type NbdAddress = Exclude<DiskAddress, { readonly kind: 'file' }>

export interface NbdDiskOptions {
  readonly signal?: AbortSignal
  /** Name of a QEMU dirty bitmap; what it does not mark is `unchanged`. A server without it is refused: it never means "no changes". */
  readonly dirtyBitmap?: string
  readonly silenceTimeoutMs?: number
}

/** Opens a connection; what happens to it later is the caller's concern. */
export async function openNbdSource(address: NbdAddress, options: NbdDiskOptions = {}): Promise<BlockSource> {
  const bitmap = options.dirtyBitmap === undefined ? undefined : DIRTY_BITMAP + options.dirtyBitmap
  const client = await connect(address, options, bitmap ? [BASE_ALLOCATION, bitmap] : [BASE_ALLOCATION])
  if (bitmap && !client.contexts.includes(bitmap)) {
    await client[Symbol.asyncDispose]()
    throw new NbdError('refused', `The server has no dirty bitmap '${options.dirtyBitmap}' for this export`)
  }
  return {
    ...facts(client),
    read: (offsetBytes, into) => readAligned(client, offsetBytes, into),
    extents: async (offsetBytes, lengthBytes) => {
      const range: Extent = { offsetBytes, lengthBytes, kind: 'data' }
      const allocated = await statusOf(client, BASE_ALLOCATION, range, allocationKind)
      if (!bitmap) return allocated
      const dirty = await statusOf(client, bitmap, range, (flags) => ((flags & DIRTY) === 0 ? 'unchanged' : 'data'))
      const clean = dirty.filter(({ kind }) => kind === 'unchanged')
      return normaliseExtents([...subtractExtents(allocated, clean), ...clean])
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}

/** Writes must be aligned to the server's minimum block size. */
export async function openNbdSink(address: NbdAddress, options: NbdDiskOptions = {}): Promise<BlockSink> {
  const client = await connect(address, options, [])
  if (client.readOnly) {
    await client[Symbol.asyncDispose]()
    throw new NbdError('request', 'The export is read-only')
  }
  return {
    ...facts(client),
    write: (offsetBytes, data) => client.write(offsetBytes, data),
    zero: (offsetBytes, lengthBytes) =>
      client.canZero ? client.zero(offsetBytes, lengthBytes) : writeZeros(client, offsetBytes, lengthBytes),
    // A server that offers no flush keeps nothing back ("Transmission flags").
    flush: async () => {
      if (client.canFlush) await client.flush()
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}

/** "Transmission flags": without the promise that several connections see the same, a client should keep to one. */
const facts = ({ sizeBytes, canMultiConnect }: NbdClient) => ({ sizeBytes, isExclusive: !canMultiConnect })

async function connect(
  address: NbdAddress,
  { signal, silenceTimeoutMs }: NbdDiskOptions,
  contexts: readonly string[],
): Promise<NbdClient> {
  const endpoint = address.kind === 'nbd' ? { host: address.host, port: address.port } : { path: address.path }
  const tls = address.kind === 'nbd' && address.tls ? await tlsSettings(address.tls) : undefined
  return connectNbd(endpoint, address.exportName, {
    contexts,
    ...(tls ? { tls } : {}),
    ...(signal ? { signal } : {}),
    ...(silenceTimeoutMs === undefined ? {} : { silenceTimeoutMs }),
  })
}

async function tlsSettings(tls: TlsSettings | TlsFolder): Promise<TlsSettings> {
  if (!('folder' in tls)) return tls
  const read = async (file: string): Promise<string> => {
    try {
      return await readFile(join(tls.folder, file), 'utf8')
    } catch (cause) {
      throw new NbdError('tlsFailed', `Certificates cannot be read: ${(cause as Error).message}`, { cause })
    }
  }
  const [caCertificate, clientCertificate, clientKey] = await Promise.all(
    ['ca-cert.pem', 'client-cert.pem', 'client-key.pem'].map(read),
  )
  return { caCertificate: caCertificate ?? '', ...(clientCertificate && clientKey ? { clientCertificate, clientKey } : {}) }
}

/** "Size constraints": a read that is not aligned goes through memory that is. */
async function readAligned(client: NbdClient, offsetBytes: number, into: Buffer): Promise<void> {
  const { minimumBytes } = client.blockSizes
  const from = Math.floor(offsetBytes / minimumBytes) * minimumBytes
  const to = Math.ceil((offsetBytes + into.length) / minimumBytes) * minimumBytes
  if (from === offsetBytes && to === offsetBytes + into.length) return client.read(offsetBytes, into)
  const around = Buffer.allocUnsafe(to - from)
  await client.read(from, around)
  around.copy(into, 0, offsetBytes - from)
}

async function writeZeros(client: NbdClient, offsetBytes: number, lengthBytes: number): Promise<void> {
  for (let done = 0; done < lengthBytes; done += ZEROS.length) {
    await client.write(offsetBytes + done, ZEROS.subarray(0, Math.min(ZEROS.length, lengthBytes - done)))
  }
}

/** The whole range in the words of one context; where the server has no such context, it is data. */
async function statusOf(
  client: NbdClient,
  context: string,
  range: Extent,
  kindOf: (flags: number) => ExtentKind,
): Promise<Extent[]> {
  if (!client.contexts.includes(context) || range.lengthBytes === 0) return range.lengthBytes === 0 ? [] : [range]
  const { minimumBytes } = client.blockSizes
  const end = Math.min(Math.ceil((range.offsetBytes + range.lengthBytes) / minimumBytes) * minimumBytes, client.sizeBytes)
  const found: Extent[] = []
  for (let at = Math.floor(range.offsetBytes / minimumBytes) * minimumBytes; at < end; ) {
    for (const { offsetBytes, lengthBytes, flags } of await client.blockStatus(context, at, end - at)) {
      found.push({ offsetBytes, lengthBytes, kind: kindOf(flags) })
      at = offsetBytes + lengthBytes
    }
  }
  return intersectExtents(found, [range])
}

/** "`base:allocation` metadata context": a hole that is not known to be zero has undefined content, so it is read. */
function allocationKind(flags: number): ExtentKind {
  if ((flags & STATE.zero) === 0) return 'data'
  return (flags & STATE.hole) === 0 ? 'zero' : 'hole'
}
