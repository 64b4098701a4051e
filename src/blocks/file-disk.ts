// A raw image file or a block device as a source and as a sink of blocks.
// Node can neither seek for holes nor punch them: reading finds zeros by looking, writing leaves out what is zero already.
import { type FileHandle, open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { BlockSink, BlockSource } from './model.ts'
import { isZero, ZEROS } from './zeros.ts'

/** Fails as `open` does. */
export async function openFileSource(path: string): Promise<BlockSource> {
  const handle = await open(path, 'r')
  try {
    const { sizeBytes, empty } = await measure(handle)
    return {
      sizeBytes,
      read: (offsetBytes, into) => readWhole(handle, offsetBytes, into),
      extents: async (offsetBytes, lengthBytes) =>
        lengthBytes === 0 ? [] : [{ offsetBytes, lengthBytes, kind: empty ? 'hole' : 'data' }],
      [Symbol.asyncDispose]: () => handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

export interface FileSinkOptions {
  /** Creates a sparse file of this size where there is none; what is there must be as large at least. */
  readonly sizeBytes?: number
}

/** A new file is readable by its owner only. */
export async function openFileSink(path: string, { sizeBytes }: FileSinkOptions = {}): Promise<BlockSink> {
  const { handle, isNew } = await openForWriting(path, sizeBytes !== undefined)
  try {
    if (isNew) await handle.truncate(sizeBytes)
    const found = await measure(handle)
    if (sizeBytes !== undefined && found.sizeBytes < sizeBytes) {
      throw new Error(`${path} has ${found.sizeBytes} bytes where the disk has ${sizeBytes}`)
    }
    return createFileSink(handle, found.sizeBytes, found.empty, isNew ? dirname(path) : undefined)
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function openForWriting(path: string, mayCreate: boolean): Promise<{ handle: FileHandle; isNew: boolean }> {
  try {
    return { handle: await open(path, 'r+'), isNew: false }
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!missing || !mayCreate) throw error
    return { handle: await open(path, 'wx+', 0o600), isNew: true }
  }
}

function createFileSink(handle: FileHandle, sizeBytes: number, empty: boolean, newIn: string | undefined): BlockSink {
  const touched = empty ? createTouched(sizeBytes) : undefined
  return {
    sizeBytes,
    isEmpty: empty,
    write: async (offsetBytes, data) => {
      touched?.add(offsetBytes, data.length)
      await writeWhole(handle, offsetBytes, data)
    },
    zero: async (offsetBytes, lengthBytes) => {
      if (touched && !touched.has(offsetBytes, lengthBytes)) return
      await zeroWhereNeeded(handle, offsetBytes, lengthBytes)
    },
    flush: async () => {
      await handle.sync()
      if (newIn !== undefined) await syncDirectory(newIn)
    },
    [Symbol.asyncDispose]: () => handle.close(),
  }
}

const CELL_BYTES = 2 ** 20

/** Which cells of a file without content were written: all others still are holes. One bit for each MiB. */
function createTouched(sizeBytes: number) {
  const bits = new Uint8Array(Math.ceil(sizeBytes / CELL_BYTES / 8))
  const cells = (offsetBytes: number, lengthBytes: number) => ({
    first: Math.floor(offsetBytes / CELL_BYTES),
    last: Math.floor((offsetBytes + lengthBytes - 1) / CELL_BYTES),
  })
  return {
    add: (offsetBytes: number, lengthBytes: number): void => {
      const { first, last } = cells(offsetBytes, lengthBytes)
      for (let cell = first; cell <= last; cell += 1) bits[cell >> 3] = (bits[cell >> 3] ?? 0) | (1 << (cell & 7))
    },
    has: (offsetBytes: number, lengthBytes: number): boolean => {
      const { first, last } = cells(offsetBytes, lengthBytes)
      for (let cell = first; cell <= last; cell += 1) if (((bits[cell >> 3] ?? 0) & (1 << (cell & 7))) !== 0) return true
      return false
    },
  }
}

/** Reading a hole costs no disk; writing zeros would allocate them. */
async function zeroWhereNeeded(handle: FileHandle, offsetBytes: number, lengthBytes: number): Promise<void> {
  const memory = Buffer.allocUnsafe(Math.min(ZEROS.length, lengthBytes))
  for (let done = 0; done < lengthBytes; done += memory.length) {
    const piece = memory.subarray(0, Math.min(memory.length, lengthBytes - done))
    await readWhole(handle, offsetBytes + done, piece)
    if (!isZero(piece)) await writeWhole(handle, offsetBytes + done, ZEROS.subarray(0, piece.length))
  }
}

/** All of a piece of a file, or an error. */
export async function readWhole(handle: FileHandle, offsetBytes: number, into: Buffer): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await handle.read(into, done, into.length - done, offsetBytes + done)
    if (bytesRead === 0) throw new RangeError(`The disk ends before ${offsetBytes + into.length} bytes`)
    done += bytesRead
  }
}

/** All of it, or an error: a full disk takes a part first, and tells of itself when asked to take the rest. */
export async function writeWhole(handle: FileHandle, offsetBytes: number, data: Buffer): Promise<void> {
  for (let done = 0; done < data.length; ) {
    const { bytesWritten } = await handle.write(data, done, data.length - done, offsetBytes + done)
    if (bytesWritten === 0) throw new Error(`only ${done} of ${data.length} bytes were written`)
    done += bytesWritten
  }
}

/** `empty`: a regular file without a single block is one hole. */
async function measure(handle: FileHandle): Promise<{ sizeBytes: number; empty: boolean }> {
  const stat = await handle.stat()
  if (stat.isFile()) return { sizeBytes: stat.size, empty: stat.blocks === 0 }
  if (stat.isBlockDevice()) return { sizeBytes: await deviceSize(stat.rdev), empty: false }
  throw new Error('A disk is a regular file or a block device')
}

/** Linux tells the size of a device in sectors of 512 bytes (Documentation/ABI/stable/sysfs-block); the number packs major and minor as glibc does. */
async function deviceSize(device: number): Promise<number> {
  const number = BigInt(device)
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn)
  const minor = (number & 0xffn) | ((number >> 12n) & ~0xffn & 0xffffffffn)
  return Number((await readFile(`/sys/dev/block/${major}:${minor}/size`, 'utf8')).trim()) * 512
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
