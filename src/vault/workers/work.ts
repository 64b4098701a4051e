// What a worker does, in whatever thread it lives: reads chunks, names them, packs the new ones; checks packs; writes chunks back.
// Block data never leaves it: ids come out, verdicts go in. Nothing here knows of points, trees or other workers.
import { type BlockSink, type BlockSource, type DiskAddress, openSink, openSource } from '../../blocks/index.ts'
import type { Backend } from '../backend.ts'
import { sourceFailed, targetFailed, writeFailed } from '../codes.ts'
import {
  type BlobPlace,
  createPacker,
  ID_BYTES,
  openBlob,
  type PackedBlob,
  packBytes,
  readHeader,
  release,
  type SealKey,
  sha256,
  type WrittenPack,
  zeroId,
} from '../format/index.ts'
import { createChunkMemory } from './chunk-memory.ts'
import { type ChunkWrite, writeChunks } from './write-chunks.ts'

/** A chunk to read: `ranges` are pairs of offset and length within the disk; the rest of the chunk is zero. */
export interface ChunkRead {
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly ranges: readonly number[]
}

export interface PackReport {
  readonly flaw?: string
  /** What the pack's own header lists. */
  readonly blobs: readonly { readonly id: string; readonly flaw?: string }[]
}

/** Buffers in arguments and answers own their memory, so that a thread boundary copies no more than they hold. */
export interface Work {
  openSource(disk: number, address: DiskAddress): Promise<OpenedDisk>
  /** Reads the chunks and answers their ids, 32 bytes each; they wait under the ticket for `keep`. */
  read(disk: number, chunks: readonly ChunkRead[]): Promise<{ readonly ticket: number; readonly ids: Uint8Array }>
  /** Packs those chunks of the ticket whose flag is 1, forgets the rest; answers the bytes they take. */
  keep(ticket: number, fresh: Uint8Array): Promise<number>
  /** Makes everything kept durable; answers the packs written since the last flush. */
  flush(): Promise<readonly WrittenPack[]>
  /** Ends what is under way for the disk. */
  close(disk: number): Promise<void>
  /** A file that is not there is created with that size. `resume`: chunks that the target has already are not written again. */
  openSink(disk: number, address: DiskAddress, sizeBytes: number, resume: boolean): Promise<OpenedSink>
  /** Answers the bytes that were written. */
  write(disk: number, chunks: readonly ChunkWrite[]): Promise<number>
  zero(disk: number, offsetBytes: number, lengthBytes: number): Promise<void>
  flushSink(disk: number): Promise<void>
  checkPack(name: string, expected: readonly PackedPlace[]): Promise<PackReport>
  /** Closes all disks, and takes away what was not flushed. In a thread it ends the thread, and resolves when that is gone. */
  end(): Promise<void>
}

export interface OpenedDisk {
  readonly sizeBytes: number
  /** No other worker should open it. */
  readonly isExclusive: boolean
}

export interface OpenedSink extends OpenedDisk {
  /** All of it reads as zero. */
  readonly isEmpty: boolean
}

/** What an index says of a blob in a pack. */
export interface PackedPlace extends BlobPlace {
  readonly id: string
}

interface OpenDisk {
  readonly stop: AbortController
  readonly source?: BlockSource
  readonly sink?: BlockSink
}

interface Waiting {
  readonly disk: number
  readonly chunks: readonly Buffer[]
  readonly ids: Buffer
}

export function createWork(backend: Backend, key: SealKey): Work {
  const packer = createPacker(backend, key, 'data')
  const disks = new Map<number, OpenDisk>()
  const waiting = new Map<number, Waiting>()
  const memory = createChunkMemory()
  let tickets = 0

  async function readChunk(source: BlockSource, { offsetBytes, lengthBytes, ranges }: ChunkRead, into: Buffer): Promise<void> {
    if (ranges[1] !== lengthBytes) into.fill(0)
    const reads: Promise<void>[] = []
    for (let i = 0; i < ranges.length; i += 2) {
      const from = ranges[i] ?? 0
      const start = from - offsetBytes
      reads.push(source.read(from, into.subarray(start, start + (ranges[i + 1] ?? 0))))
    }
    await allSettled(reads)
  }

  async function readChunks(source: BlockSource, chunks: readonly ChunkRead[]): Promise<readonly Buffer[]> {
    const reads = chunks.map((chunk) => ({ chunk, content: memory.take(chunk.lengthBytes) }))
    const contents = reads.map(({ content }) => content)
    try {
      await allSettled(reads.map(({ chunk, content }) => readChunk(source, chunk, content)))
      return contents
    } catch (cause) {
      contents.forEach(memory.giveBack)
      throw sourceFailed(cause)
    }
  }

  async function close(disk: number): Promise<void> {
    const open = disks.get(disk)
    disks.delete(disk)
    for (const [ticket, held] of waiting) {
      if (held.disk !== disk) continue
      waiting.delete(ticket)
      held.chunks.forEach(memory.giveBack)
    }
    open?.stop.abort()
    await open?.source?.[Symbol.asyncDispose]()
    await open?.sink?.[Symbol.asyncDispose]()
  }

  return {
    async openSource(disk, address) {
      const stop = new AbortController()
      try {
        const source = await openSource(address, { signal: stop.signal })
        disks.set(disk, { stop, source })
        return { sizeBytes: source.sizeBytes, isExclusive: source.isExclusive === true }
      } catch (cause) {
        throw sourceFailed(cause)
      }
    },

    async read(disk, chunks) {
      const source = disks.get(disk)?.source
      if (!source) throw sourceFailed('it was closed')
      const contents = await readChunks(source, chunks)
      const ids = Buffer.allocUnsafeSlow(contents.length * ID_BYTES)
      for (const [i, content] of contents.entries()) (zeroId(content) ?? sha256(content)).copy(ids, i * ID_BYTES)
      tickets += 1
      waiting.set(tickets, { disk, chunks: contents, ids })
      return { ticket: tickets, ids }
    },

    async keep(ticket, fresh) {
      const held = waiting.get(ticket)
      if (!held) throw new Error(`no chunks wait under ticket ${ticket}`)
      waiting.delete(ticket)
      let storedBytes = 0
      try {
        for (const [i, content] of held.chunks.entries()) {
          if (fresh[i] === 1) storedBytes += await packer.add(held.ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES), content)
          memory.giveBack(content)
        }
      } catch (cause) {
        throw writeFailed(cause)
      }
      return storedBytes
    },

    async flush() {
      try {
        return await packer.flush()
      } catch (cause) {
        throw writeFailed(cause)
      }
    },

    close,

    async openSink(disk, address, sizeBytes, resume) {
      try {
        const stop = new AbortController()
        const sink = await openOrCreate(address, sizeBytes)
        disks.set(disk, { stop, sink })
        // Where nothing else may be opened beside it, all is written again.
        if (resume && !sink.isExclusive)
          disks.set(disk, { stop, sink, source: await openSource(address, { signal: stop.signal }) })
        return { sizeBytes: sink.sizeBytes, isExclusive: sink.isExclusive === true, isEmpty: sink.isEmpty === true }
      } catch (cause) {
        throw targetFailed(cause)
      }
    },

    write: async (disk, chunks) => writeChunks(backend, key, sinkOf(disk), chunks, disks.get(disk)?.source),

    async zero(disk, offsetBytes, lengthBytes) {
      await sinkOf(disk)
        .zero(offsetBytes, lengthBytes)
        .catch((cause: unknown) => Promise.reject(targetFailed(cause)))
    },

    async flushSink(disk) {
      await sinkOf(disk)
        .flush()
        .catch((cause: unknown) => Promise.reject(targetFailed(cause)))
    },

    async checkPack(name, expected) {
      const pack = await backend.read('pack', name)
      const report = inspectPack(key, pack, name, expected)
      release(pack)
      return report
    },

    async end() {
      await Promise.all([...[...disks.keys()].map(close), packer.drop()])
    },
  }

  function sinkOf(disk: number): BlockSink {
    const sink = disks.get(disk)?.sink
    if (!sink) throw targetFailed('it was closed')
    return sink
  }
}

/** Rejects like `Promise.all`, but only once nothing is under way any more: what is being read into belongs to the reader until then. */
async function allSettled(reads: readonly Promise<void>[]): Promise<void> {
  for (const read of await Promise.allSettled(reads)) if (read.status === 'rejected') throw read.reason
}

async function openOrCreate(address: DiskAddress, sizeBytes: number): Promise<BlockSink> {
  try {
    return await openSink(address)
  } catch (error) {
    const missing = address.kind === 'file' && error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (missing) return await openSink(address, { sizeBytes })
    throw error
  }
}

function inspectPack(key: SealKey, pack: Buffer, name: string, expected: readonly PackedPlace[]): PackReport {
  const flawOf = (blob: PackedPlace): string | undefined => {
    const end = blob.offsetBytes + blob.lengthBytes
    if (end > pack.length) return 'beyond the end of the pack'
    const opened = openBlob(key, pack.subarray(blob.offsetBytes, end), blob.rawBytes, Buffer.from(blob.id, 'hex'))
    if (typeof opened === 'string') return opened
    release(opened)
    return undefined
  }
  const blobs = expected.map((blob) => {
    const flaw = flawOf(blob)
    return { id: blob.id, ...(flaw === undefined ? {} : { flaw }) }
  })
  const header = readHeader(key, pack)
  const flaw =
    pack.length !== packBytes(expected)
      ? `it has ${pack.length} bytes instead of ${packBytes(expected)}`
      : !header
        ? 'its header cannot be read'
        : !sameBlobs(header, expected)
          ? 'its header and the index disagree'
          : sha256(pack).toString('hex') !== name
            ? 'its content does not match its name'
            : undefined
  return { ...(flaw === undefined ? {} : { flaw }), blobs }
}

function sameBlobs(header: readonly PackedBlob[], expected: readonly PackedPlace[]): boolean {
  const listed = new Set(expected.map((blob) => `${blob.id} ${blob.offsetBytes} ${blob.lengthBytes} ${blob.rawBytes}`))
  return (
    header.length === listed.size &&
    header.every((blob) => listed.has(`${blob.id.toString('hex')} ${blob.offsetBytes} ${blob.lengthBytes} ${blob.rawBytes}`))
  )
}
