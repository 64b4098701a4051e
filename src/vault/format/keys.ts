// Key files: the master keys, sealed under what scrypt makes of a password. Source: restic doc/design.rst, "Keys, Encryption and MAC".
import { randomBytes, scrypt } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { isObject, type Json, type Secret } from '../../values/index.ts'
import type { Backend } from '../backend.ts'
import { fileDamaged, keyMissing, passwordWrong } from '../codes.ts'
import { type SealKey, seal, sha256, unseal } from './crypto.ts'
import { unlessDamaged } from './sealed-files.ts'

interface Cost {
  readonly N: number
  readonly r: number
  readonly p: number
}

/** About 100 ms and 32 MiB; restic calibrates to the same order. */
const COST: Cost = { N: 2 ** 15, r: 8, p: 1 }
/** Beyond it a key file is taken for damaged rather than allowed to eat the machine. */
const MAX_SCRYPT_BYTES = 1024 ** 3

/** A key file: what opens the vault with one password. */
export interface VaultKey {
  /** File name: 64 hex digits. */
  readonly id: string
  readonly created: string
  readonly hostname: string
  readonly username: string
}

/** Makes new master keys and stores them under the password. */
export async function createKey(backend: Backend, password: Secret, nowMs: number, costN = COST.N): Promise<SealKey> {
  const master: SealKey = { encrypt: randomBytes(32), macK: randomBytes(16), macR: randomBytes(16) }
  await addKey(backend, master, password, nowMs, costN)
  return master
}

/** Stores the master keys under one more password; answers the file's name. */
export async function addKey(
  backend: Backend,
  master: SealKey,
  password: Secret,
  nowMs: number,
  costN = COST.N,
): Promise<string> {
  const cost = { ...COST, N: costN }
  const salt = randomBytes(64)
  const user = await derive(password, salt, cost)
  const document = JSON.stringify({
    created: new Date(nowMs).toISOString(),
    username: userInfo().username,
    hostname: hostname(),
    kdf: 'scrypt',
    ...cost,
    salt: salt.toString('base64'),
    data: Buffer.concat(seal(user, Buffer.from(encodeMaster(master)))).toString('base64'),
  })
  const bytes = Buffer.from(document)
  const id = sha256(bytes).toString('hex')
  await backend.put('key', id, [bytes])
  return id
}

/** Oldest first; one that is damaged or gone by now is left out, for it opens nothing. */
export async function listKeys(backend: Backend): Promise<readonly VaultKey[]> {
  const read = async (id: string): Promise<VaultKey | undefined> => {
    const bytes = await unlessDamaged(backend.read('key', id))
    const file = bytes && parse(bytes.toString())
    if (!isObject(file)) return undefined
    const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
    return { id, created: text(file.created), hostname: text(file.hostname), username: text(file.username) }
  }
  const keys = await Promise.all((await backend.names('key')).map(read))
  return keys.filter((key) => key !== undefined).sort((a, b) => (a.created < b.created ? -1 : 1))
}

/** What is wrong with key files, whether or not they open the vault this time. */
export async function keyProblems(backend: Backend): Promise<readonly string[]> {
  const problems: string[] = []
  for (const name of await backend.names('key')) {
    // Somebody may have removed it meanwhile.
    const bytes = await unlessDamaged(backend.read('key', name))
    if (bytes && sha256(bytes).toString('hex') !== name) problems.push(nameMismatch(name).message)
  }
  return problems
}

const nameMismatch = (name: string): Error => fileDamaged('key', name, 'its content does not match its name')

/** The master keys that the password opens, and the key file it opens them with; tries every one. */
export async function findKey(backend: Backend, password: Secret): Promise<SealKey & { readonly id: string }> {
  const files = await backend.list('key')
  if (files.length === 0) throw keyMissing(backend.where)
  let damage: Error | undefined
  for (const { name } of files) {
    try {
      const master = await openKey(backend, name, password)
      if (master) return { ...master, id: name }
    } catch (error) {
      // Another key file may still open the vault.
      damage = error as Error
    }
  }
  throw damage ?? passwordWrong(backend.where)
}

async function openKey(backend: Backend, name: string, password: Secret): Promise<SealKey | undefined> {
  const bytes = await backend.read('key', name)
  if (sha256(bytes).toString('hex') !== name) throw nameMismatch(name)
  const file = parse(bytes.toString())
  const { kdf, N, r, p, salt, data } = isObject(file) ? file : {}
  if (
    kdf !== 'scrypt' ||
    typeof N !== 'number' ||
    typeof r !== 'number' ||
    typeof p !== 'number' ||
    typeof salt !== 'string' ||
    typeof data !== 'string'
  ) {
    throw fileDamaged('key', name, 'it is not a key file')
  }
  if (128 * N * r > MAX_SCRYPT_BYTES) throw fileDamaged('key', name, 'its scrypt cost is out of bounds')
  const user = await deriveOnce(password, name, () => derive(password, Buffer.from(salt, 'base64'), { N, r, p }))
  const opened = unseal(user, Buffer.from(data, 'base64'))
  return opened && decodeMaster(opened.toString(), name)
}

/** By password and name of the key file, which is what it holds. A run opens its vault in several of its steps, with one password. */
const derived = new WeakMap<Secret, Map<string, Promise<SealKey>>>()

function deriveOnce(password: Secret, name: string, make: () => Promise<SealKey>): Promise<SealKey> {
  const known = derived.get(password) ?? new Map<string, Promise<SealKey>>()
  derived.set(password, known)
  const key = known.get(name) ?? make()
  known.set(name, key)
  key.catch(() => known.delete(name))
  return key
}

function derive(password: Secret, salt: Buffer, cost: Cost): Promise<SealKey> {
  return new Promise((resolve, reject) => {
    scrypt(password.reveal(), salt, 64, { ...cost, maxmem: 256 * cost.N * cost.r }, (error, derived) => {
      if (error) reject(error)
      else resolve({ encrypt: derived.subarray(0, 32), macK: derived.subarray(32, 48), macR: derived.subarray(48, 64) })
    })
  })
}

function encodeMaster(key: SealKey): string {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
  return JSON.stringify({ mac: { k: text(key.macK), r: text(key.macR) }, encrypt: text(key.encrypt) })
}

function decodeMaster(text: string, name: string): SealKey {
  const document = parse(text)
  const { mac, encrypt } = isObject(document) ? document : {}
  const { k, r } = isObject(mac) ? mac : {}
  if (typeof encrypt !== 'string' || typeof k !== 'string' || typeof r !== 'string')
    throw fileDamaged('key', name, 'it holds no master keys')
  return { encrypt: Buffer.from(encrypt, 'base64'), macK: Buffer.from(k, 'base64'), macR: Buffer.from(r, 'base64') }
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
