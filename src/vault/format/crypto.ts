// restic's encryption: AES-256-CTR with Poly1305-AES over the ciphertext; IV ‖ ciphertext ‖ MAC.
// Source: restic doc/design.rst, "Keys, Encryption and MAC"; D. J. Bernstein, "The Poly1305-AES message-authentication code".
// Both primitives come from libraries. It may not know what it encrypts.
import { createCipheriv, createDecipheriv, hash, randomFillSync } from 'node:crypto'
import sodium from 'sodium-native'

const IV_BYTES = 16
const MAC_BYTES = 16
/** Bytes that sealing adds. */
export const SEAL_BYTES = IV_BYTES + MAC_BYTES

/** The keys that seal everything in a vault. Structured-cloneable, so that worker threads can have them. */
export interface SealKey {
  readonly encrypt: Uint8Array
  readonly macK: Uint8Array
  readonly macR: Uint8Array
}

/** IV, ciphertext and MAC as separate buffers, to be written one after the other. */
export function seal(key: SealKey, plain: Buffer): readonly [Buffer, Buffer, Buffer] {
  const iv = Buffer.allocUnsafe(IV_BYTES)
  randomFillSync(iv)
  const sealed = createCipheriv('aes-256-ctr', key.encrypt, iv).update(plain)
  const mac = Buffer.allocUnsafe(MAC_BYTES)
  sodium.crypto_onetimeauth(mac, sealed, oneTimeKey(key, iv))
  return [iv, sealed, mac]
}

/** The plaintext, or undefined when the text was not sealed with this key or has been changed since. */
export function unseal(key: SealKey, sealed: Buffer): Buffer | undefined {
  if (sealed.length < SEAL_BYTES) return undefined
  const iv = sealed.subarray(0, IV_BYTES)
  const text = sealed.subarray(IV_BYTES, sealed.length - MAC_BYTES)
  const mac = sealed.subarray(sealed.length - MAC_BYTES)
  if (!sodium.crypto_onetimeauth_verify(mac, text, oneTimeKey(key, iv))) return undefined
  return createDecipheriv('aes-256-ctr', key.encrypt, iv).update(text)
}

/** r ‖ AES-128(k, nonce); libsodium clamps r itself. */
function oneTimeKey(key: SealKey, iv: Buffer): Buffer {
  const cipher = createCipheriv('aes-128-ecb', key.macK, null).setAutoPadding(false)
  return Buffer.concat([key.macR, cipher.update(iv)])
}

/** 32 bytes. */
export const sha256 = (data: Uint8Array): Buffer => hash('sha256', data, 'buffer')
