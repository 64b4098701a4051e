// Whole files of a vault — config, index, snapshot, lock — sealed JSON under the name of their hash.
// Source: restic doc/design.rst, "Unpacked Data Format". It may not know what the JSON means.
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { Json } from '../../values/index.ts'
import type { Backend, FileKind } from '../backend.ts'
import { fileDamaged, isDamage } from '../codes.ts'
import { type SealKey, seal, sha256, unseal } from './crypto.ts'

const COMPRESSED = 2
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/** Stores the JSON text and answers the file's id, hex. */
export async function putFile(backend: Backend, key: SealKey, kind: Exclude<FileKind, 'config'>, json: string): Promise<string> {
  const plain = Buffer.concat([Buffer.of(COMPRESSED), zstdCompressSync(Buffer.from(json), FAST)])
  const parts = seal(key, plain)
  const id = sha256(Buffer.concat(parts)).toString('hex')
  await backend.put(kind, id, parts)
  return id
}

/** The JSON of a stored file; throws `VAULT_FILE_DAMAGED` when it is not what was stored. */
export async function readFile(backend: Backend, key: SealKey, kind: Exclude<FileKind, 'config'>, id: string): Promise<Json> {
  const sealed = await backend.read(kind, id)
  if (sha256(sealed).toString('hex') !== id) throw fileDamaged(kind, id, 'its content does not match its name')
  const plain = unseal(key, sealed)
  if (!plain) throw fileDamaged(kind, id, 'it was sealed with another key')
  return parse(kind, id, decode(kind, id, plain))
}

function decode(kind: FileKind, id: string, plain: Buffer): Buffer {
  if (plain[0] === 0x5b || plain[0] === 0x7b) return plain
  if (plain[0] !== COMPRESSED) throw fileDamaged(kind, id, `its encoding ${plain[0]} is not known`)
  try {
    return zstdDecompressSync(plain.subarray(1))
  } catch (cause) {
    throw fileDamaged(kind, id, 'it cannot be decompressed', { cause })
  }
}

/** Undefined where what was to be read is damaged, or gone by now. That it cannot be read at present is thrown: nobody may give anything up for that. */
export async function unlessDamaged<Content>(reading: Promise<Content>): Promise<Content | undefined> {
  try {
    return await reading
  } catch (error) {
    if (isDamage(error)) return undefined
    throw error
  }
}

/** The config alone is neither compressed nor named by its hash. */
export async function putConfig(backend: Backend, key: SealKey, json: string): Promise<void> {
  await backend.put('config', 'config', seal(key, Buffer.from(json)))
}

export async function readConfig(backend: Backend, key: SealKey): Promise<Json> {
  const plain = unseal(key, await backend.read('config', 'config'))
  if (!plain) throw fileDamaged('config', 'config', 'it has been changed or was sealed with another key')
  return parse('config', 'config', plain)
}

function parse(kind: FileKind, id: string, text: Buffer): Json {
  try {
    return JSON.parse(text.toString()) as Json
  } catch (cause) {
    throw fileDamaged(kind, id, 'it holds no JSON', { cause })
  }
}
