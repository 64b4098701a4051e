// The pinned key of a host: read once, and compared with what the host shows.
import { SshFailed } from './failed.ts'

export interface PinnedKey {
  /** Asked of the host, so that it shows this key and not another one of its own (RFC 8332 for RSA). */
  readonly algorithms: readonly string[]
  matches(shown: Buffer): boolean
}

const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
}

/** Throws `SshFailed` where the text is no public key. */
export function pinnedKey(text: string): PinnedKey {
  const [type = '', encoded = ''] = text.trim().split(/\s+/)
  const algorithms = ALGORITHMS[type]
  const key = Buffer.from(encoded, 'base64')
  // A key starts with the length and the name of its type (RFC 4253, section 6.6).
  const holdsType = key.length > 4 + type.length && key.toString('latin1', 4, 4 + key.readUInt32BE(0)) === type
  if (!algorithms || !holdsType) {
    throw new SshFailed('unusable', 'the pinned host key is no public key such as `ssh-ed25519 AAAA…`', false)
  }
  return { algorithms, matches: (shown) => shown.equals(key) }
}
