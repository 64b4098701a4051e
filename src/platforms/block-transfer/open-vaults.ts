// Open vaults, shared by the calls that are under way: one index, one lock and one set of workers for all of them.
import { ActionFailure, type Connection } from '../../packs/index.ts'
import { Secret } from '../../values/index.ts'
import { openVault, type Vault } from '../../vault/index.ts'

interface OpenVault {
  readonly vault: Promise<Vault>
  users: number
}

const open = new Map<string, OpenVault>()

/** Opens the target's vault unless another call has it open; the last call to end closes it. */
export async function withVault<T>({ target, settings }: Connection, call: (vault: Vault) => Promise<T>): Promise<T> {
  const { directory, password } = settings
  if (typeof directory !== 'string' || !(password instanceof Secret)) throw targetIncomplete(target)
  const known = open.get(directory)
  const entry: OpenVault = known ?? { vault: openVault(directory, password), users: 0 }
  open.set(directory, entry)
  entry.users += 1
  try {
    return await call(await entry.vault)
  } finally {
    entry.users -= 1
    if (entry.users === 0) {
      if (open.get(directory) === entry) open.delete(directory)
      await (await entry.vault.catch(() => undefined))?.close()
    }
  }
}

/** Keeps a vault that is open already at hand under that name, as if it lay in such a folder, until the answer is called. */
export function keepOpen(directory: string, vault: Vault): () => void {
  open.set(directory, { vault: Promise.resolve(vault), users: 1 })
  return () => open.delete(directory)
}

const targetIncomplete = (target: string): ActionFailure =>
  new ActionFailure({
    type: 'inputInvalid',
    message: `target ${target} names no vault: it needs a directory and a password`,
    retryable: false,
    applied: 'no',
  })
