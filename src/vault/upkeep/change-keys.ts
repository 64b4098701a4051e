// The passwords of an open vault: lists, adds, removes and changes them. The data stays sealed with the same master keys.
import type { Secret } from '../../values/index.ts'
import type { Backend } from '../backend.ts'
import { keyAmbiguous, keyInUse, keyUnknown } from '../codes.ts'
import { addKey, listKeys, type SealKey, type VaultKey } from '../format/index.ts'

export interface ListedKey extends VaultKey {
  /** Opened the vault this time. */
  readonly current: boolean
}

export interface KeyRing {
  list(): Promise<readonly ListedKey[]>
  /** Answers the new key's id. */
  add(password: Secret): Promise<string>
  /** By id or as much of it as is unique. The key that is in use stays: a vault always has one that opens it. Answers the id. */
  remove(wanted: string): Promise<string>
  /** The new one is durable before the one in use goes. Answers the new key's id. */
  change(password: Secret): Promise<string>
}

export function createKeyRing(
  backend: Backend,
  opened: SealKey & { readonly id: string },
  now: () => number,
  costN: number | undefined,
): KeyRing {
  let current = opened.id
  const add = (password: Secret): Promise<string> => addKey(backend, opened, password, now(), costN)
  return {
    list: async () => (await listKeys(backend)).map((key) => ({ ...key, current: key.id === current })),
    add,
    async remove(wanted) {
      // By their names: one that is damaged is not listed, and should go all the more.
      const names = await backend.names('key')
      const matches = names.filter((id) => wanted.length > 0 && id.startsWith(wanted))
      const [found, ...others] = matches
      if (found === undefined) throw keyUnknown(wanted)
      if (others.length > 0) throw keyAmbiguous(wanted, matches)
      if (found === current) throw keyInUse(found)
      // Others removed the one in use meanwhile: this may be the last.
      if (!names.includes(current)) throw keyUnknown(current.slice(0, 10))
      await backend.remove('key', found)
      return found
    },
    async change(password) {
      const next = await add(password)
      await backend.remove('key', current)
      current = next
      return next
    },
  }
}
