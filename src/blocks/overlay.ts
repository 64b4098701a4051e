// Copy-on-write: a disk that reads as another one until it is written. Writes go to a scratch file, which nobody can find and which is gone
// with its last handle, however this process ends. The disk below is only read.
// O1: bytes that were not written read as the disk below. O2: writes to different bytes never undo each other, however they meet in a block.
import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createBlockStates } from './block-states.ts'
import { normaliseExtents } from './extents.ts'
import { readWhole, writeWhole } from './file-disk.ts'
import type { BlockSink, BlockSource, Extent } from './model.ts'

/** What is kept of a disk is kept in blocks of this size. */
const BLOCK_BYTES = 4096

export interface OverlayOptions {
  /** Where the scratch file is; created when it is not there. It takes as much space as is written, up to the size of the disk. */
  readonly scratchFolder: string
}

/** Disposing frees the scratch; the disk below stays with the caller. Fails as `open` does. */
export async function openOverlay(below: BlockSource, { scratchFolder }: OverlayOptions): Promise<BlockSource & BlockSink> {
  const { sizeBytes } = below
  const scratch = await openScratch(scratchFolder)
  const states = createBlockStates(Math.ceil(sizeBytes / BLOCK_BYTES))
  const changing = new Set<Change>()

  /** Changes that meet in a block are made one after the other (O2). */
  async function change(offsetBytes: number, lengthBytes: number, make: () => Promise<void>): Promise<void> {
    if (lengthBytes === 0) return
    const { first, last } = blocksOf(offsetBytes, lengthBytes)
    const before = [...changing].filter((one) => one.first <= last && first <= one.last).map(({ done }) => done)
    const { promise: done, resolve } = Promise.withResolvers<void>()
    const mine = { first, last, done }
    changing.add(mine)
    try {
      await Promise.all(before)
      await make()
    } finally {
      changing.delete(mine)
      resolve()
    }
  }

  /** The parts of a range that are in one state, in order. */
  function* runs(offsetBytes: number, lengthBytes: number): Generator<Run> {
    const end = offsetBytes + lengthBytes
    for (let at = offsetBytes; at < end; ) {
      const { state, until } = states.runFrom(Math.floor(at / BLOCK_BYTES))
      const stop = Math.min(until * BLOCK_BYTES, end)
      yield { state, from: at, to: stop }
      at = stop
    }
  }

  async function read(offsetBytes: number, into: Buffer): Promise<void> {
    const reads = [...runs(offsetBytes, into.length)].map(async ({ state, from, to }) => {
      const piece = into.subarray(from - offsetBytes, to - offsetBytes)
      if (state === 'below') await below.read(from, piece)
      else if (state === 'written') await readWhole(scratch, from, piece)
      else piece.fill(0)
    })
    await Promise.all(reads)
  }

  /** Brings a block that is about to change in part into the scratch. */
  async function bringUp(block: number): Promise<void> {
    if (states.of(block) === 'written') return
    const from = block * BLOCK_BYTES
    const content = Buffer.alloc(Math.min(BLOCK_BYTES, sizeBytes - from))
    if (states.of(block) === 'below') await below.read(from, content)
    await writeWhole(scratch, from, content)
    states.set(block, block + 1, 'written')
  }

  async function bringUpEdges(offsetBytes: number, endBytes: number): Promise<void> {
    const { first, last } = blocksOf(offsetBytes, endBytes - offsetBytes)
    if (offsetBytes % BLOCK_BYTES !== 0) await bringUp(first)
    if (endBytes % BLOCK_BYTES !== 0 && endBytes !== sizeBytes) await bringUp(last)
  }

  async function write(offsetBytes: number, data: Buffer): Promise<void> {
    const end = offsetBytes + data.length
    await bringUpEdges(offsetBytes, end)
    await writeWhole(scratch, offsetBytes, data)
    const { first, last } = blocksOf(offsetBytes, data.length)
    states.set(first, last + 1, 'written')
  }

  /** Whole blocks are only noted; what the scratch holds of them counts no longer. */
  async function zero(offsetBytes: number, lengthBytes: number): Promise<void> {
    const end = offsetBytes + lengthBytes
    const inner = Math.ceil(offsetBytes / BLOCK_BYTES) * BLOCK_BYTES
    const innerEnd = end === sizeBytes ? end : Math.floor(end / BLOCK_BYTES) * BLOCK_BYTES
    if (innerEnd <= inner) return await write(offsetBytes, Buffer.alloc(lengthBytes))
    if (inner > offsetBytes) await write(offsetBytes, Buffer.alloc(inner - offsetBytes))
    if (end > innerEnd) await write(innerEnd, Buffer.alloc(end - innerEnd))
    states.set(inner / BLOCK_BYTES, Math.ceil(innerEnd / BLOCK_BYTES), 'zero')
  }

  return {
    sizeBytes,
    read,
    write: (offsetBytes, data) => change(offsetBytes, data.length, () => write(offsetBytes, data)),
    zero: (offsetBytes, lengthBytes) => change(offsetBytes, lengthBytes, () => zero(offsetBytes, lengthBytes)),
    flush: () => scratch.datasync(),
    async extents(offsetBytes, lengthBytes) {
      const found: Extent[] = []
      for (const { state, from, to } of runs(offsetBytes, lengthBytes)) {
        if (state === 'below') found.push(...(await below.extents(from, to - from)))
        else found.push({ offsetBytes: from, lengthBytes: to - from, kind: state === 'zero' ? 'zero' : 'data' })
      }
      return normaliseExtents(found)
    },
    [Symbol.asyncDispose]: () => scratch.close(),
  }
}

interface Change {
  readonly first: number
  readonly last: number
  readonly done: Promise<void>
}

interface Run {
  readonly state: 'below' | 'written' | 'zero'
  readonly from: number
  readonly to: number
}

const blocksOf = (offsetBytes: number, lengthBytes: number): { readonly first: number; readonly last: number } => ({
  first: Math.floor(offsetBytes / BLOCK_BYTES),
  last: Math.floor((offsetBytes + lengthBytes - 1) / BLOCK_BYTES),
})

/** A new file of this user alone, sparse, and without a name from the start. */
async function openScratch(folder: string): Promise<FileHandle> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, `.holdfast-scratch-${randomUUID()}`)
  const handle = await open(path, 'wx+', 0o600)
  try {
    await rm(path)
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}
