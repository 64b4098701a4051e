// What the index files of a vault list, packed and kept in one local file, so that opening a vault reads only index files that are new.
// IC1: it may be deleted, be old or be spoiled at any time: index files never change, and what is not in the cache is read from the vault.
// IC2: it grows by records; one that cannot be read ends it, and when more is dead than alive it is written anew.
import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ID_BYTES, type SealKey, seal, unseal, type WrittenPack } from '../format/index.ts'
import { makeFolder } from '../make-folder.ts'

/** Packs by the name of the index file that lists them. */
export type PackedIndexes = ReadonlyMap<string, readonly WrittenPack[]>

export interface IndexCache {
  /** Hands over what it holds of the wanted files, a piece at a time. Never fails. */
  load(wanted: ReadonlySet<string>): AsyncIterable<PackedIndexes>
  /** Keeps more. Never fails: without it the next opening is slower, that is all. */
  add(files: PackedIndexes): Promise<void>
}

/** Fewer index files are read from the vault in no time. */
const WORTH_KEEPING = 8

/** Of records; others are no records. */
const FORMAT = 1
const LENGTH_BYTES = 4
const PLACE_BYTES = 3 * 4
/** More is no record of ours, so it is not read into memory. */
const MOST_RECORD_BYTES = 64 * 1024 ** 2

/** Sealed with the vault's own key: nobody else can read what is in it, or make it say something else. */
export function indexCache(folder: string, vaultId: string, key: SealKey): IndexCache {
  const path = join(folder, `${vaultId}.index`)
  let wantedLast: ReadonlySet<string> = new Set()
  let isWorn = false

  /** The records in order, as far as they can be read. */
  async function* eachRecord(): AsyncGenerator<PackedIndexes | undefined, void, undefined> {
    const file = await open(path, 'r').catch(() => undefined)
    if (!file) return
    try {
      for (let at = 0; ; ) {
        const head = await readAt(file, at, LENGTH_BYTES)
        if (!head || head.length === 0) return
        const lengthBytes = head.length === LENGTH_BYTES ? head.readUInt32LE() : MOST_RECORD_BYTES + 1
        const sealed = lengthBytes <= MOST_RECORD_BYTES ? await readAt(file, at + LENGTH_BYTES, lengthBytes) : undefined
        const record = sealed?.length === lengthBytes ? decode(unseal(key, sealed)) : undefined
        yield record
        if (!record) return
        at += LENGTH_BYTES + lengthBytes
      }
    } finally {
      await file.close()
    }
  }

  async function* load(wanted: ReadonlySet<string>): AsyncGenerator<PackedIndexes, void, undefined> {
    let [alive, dead] = [0, 0]
    let isSpoiled = false
    for await (const record of eachRecord()) {
      if (!record) isSpoiled = true
      const found = new Map([...(record ?? [])].filter(([name]) => wanted.has(name)))
      alive += found.size
      dead += (record?.size ?? 0) - found.size
      if (found.size > 0) yield found
    }
    wantedLast = wanted
    isWorn = isSpoiled || dead > alive
  }

  /** What is alive, in a new file. */
  async function renew(beside: string): Promise<void> {
    const file = await open(beside, 'wx', 0o600)
    try {
      for await (const found of load(wantedLast)) await file.write(encode(key, found))
    } finally {
      await file.close()
    }
    await rename(beside, path)
    isWorn = false
  }

  async function append(files: PackedIndexes): Promise<void> {
    const file = await open(path, 'a', 0o600)
    try {
      await file.write(encode(key, files))
    } finally {
      await file.close()
    }
  }

  return {
    load,
    async add(files) {
      if (wantedLast.size < WORTH_KEEPING) return
      const beside = `${path}-${randomBytes(6).toString('hex')}`
      try {
        await makeFolder(folder)
        if (isWorn) await renew(beside)
        await append(files)
      } catch {
        await rm(beside, { force: true }).catch(() => {})
      }
    },
  }
}

/** As many bytes as there are up to that many; undefined when they cannot be read. */
async function readAt(file: FileHandle, at: number, lengthBytes: number): Promise<Buffer | undefined> {
  const into = Buffer.allocUnsafe(lengthBytes)
  const read = await file.read(into, 0, lengthBytes, at).catch(() => undefined)
  return read && into.subarray(0, read.bytesRead)
}

/** In one write, so that those of several processes do not mix. Per file: its name and number of packs; per pack: id, type, number of blobs, ids, places. */
function encode(key: SealKey, files: PackedIndexes): Buffer {
  const parts: Uint8Array[] = [number(FORMAT)]
  for (const [name, packs] of files) {
    parts.push(Buffer.from(name, 'hex'), number(packs.length))
    for (const { id, type, ids, places } of packs) {
      const packed = new Uint8Array(places.buffer, places.byteOffset, places.byteLength)
      parts.push(Buffer.from(id, 'hex'), number(type === 'tree' ? 1 : 0), number(ids.length / ID_BYTES), ids, packed)
    }
  }
  const sealed = seal(key, Buffer.concat(parts))
  return Buffer.concat([number(sealed.reduce((sum, part) => sum + part.length, 0)), ...sealed])
}

function number(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** What `encode` of the same format made; undefined for all else. */
function decode(plain: Buffer | undefined): PackedIndexes | undefined {
  if (!plain || plain.length < 4 || plain.readUInt32LE() !== FORMAT) return undefined
  const files = new Map<string, WrittenPack[]>()
  const bytes = plain
  let at = 4
  function take(lengthBytes: number): Buffer {
    at += lengthBytes
    return bytes.subarray(at - lengthBytes, at)
  }
  while (at < plain.length) {
    const name = take(ID_BYTES).toString('hex')
    const packs: WrittenPack[] = []
    for (let left = take(4).readUInt32LE(); left > 0; left -= 1) {
      const id = take(ID_BYTES).toString('hex')
      const type = take(4).readUInt32LE() === 1 ? 'tree' : 'data'
      const blobs = take(4).readUInt32LE()
      const ids = take(blobs * ID_BYTES)
      // Copied, for numbers must lie at multiples of four.
      const places = new Uint32Array(Uint8Array.from(take(blobs * PLACE_BYTES)).buffer)
      packs.push({ id, type, ids, places })
    }
    files.set(name, packs)
  }
  return files
}
