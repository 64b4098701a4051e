// Open vaults, shared by the calls that are under way: one index, one lock and one set of workers for all of them.
import type { TargetRef } from '../../language/index.ts'
import { type ActionContext, ActionFailure, type Connection } from '../../packs/index.ts'
import { type JsonObject, Secret } from '../../values/index.ts'
import { openVault, placeOf, type Vault, type VaultOptions, type VaultPlace } from '../../vault/index.ts'
import { asFailure } from './failures.ts'

type WorkOptions = Pick<VaultOptions, 'toWork'>

interface OpenVault {
  readonly vault: Promise<Vault>
  users: number
}

const open = new Map<string, OpenVault>()
let cacheFolder: string | undefined

/** Where vaults that are opened from now on keep their caches; nowhere unless told. */
export function cacheVaultsIn(folder: string): void {
  cacheFolder = folder
}

/** The call of an action on the vault that its input names, with what goes wrong in the words of the pack. */
export async function onVault<T>(
  input: JsonObject,
  context: ActionContext,
  call: (vault: Vault) => Promise<T>,
  options: WorkOptions = {},
): Promise<T> {
  try {
    return await withVault(context.connection(input.vault as unknown as TargetRef), call, options)
  } catch (error) {
    context.signal.throwIfAborted()
    throw asFailure(error)
  }
}

/** Opens the target's vault unless another call has it open; the last call to end closes it. */
export async function withVault<T>(
  { target, settings }: Connection,
  call: (vault: Vault) => Promise<T>,
  options: WorkOptions = {},
): Promise<T> {
  const place = placeOf(settings)
  const { password } = settings
  if (place === undefined || !(password instanceof Secret)) throw targetIncomplete(target)
  const name = nameOf(place)
  const known = open.get(name)
  const entry: OpenVault = known ?? {
    vault: openVault(place, password, cacheFolder === undefined ? options : { cacheFolder, ...options }),
    users: 0,
  }
  open.set(name, entry)
  entry.users += 1
  try {
    return await call(await entry.vault)
  } finally {
    entry.users -= 1
    if (entry.users === 0) {
      if (open.get(name) === entry) open.delete(name)
      await (await entry.vault.catch(() => undefined))?.close()
    }
  }
}

/** Keeps a vault that is open already at hand under that name, as if it lay in such a folder, until the answer is called. */
export function keepOpen(directory: string, vault: Vault): () => void {
  open.set(directory, { vault: Promise.resolve(vault), users: 1 })
  return () => open.delete(directory)
}

/** Without its secrets: who has the address open has them right. */
const nameOf = (place: VaultPlace): string =>
  typeof place === 'string' ? place : JSON.stringify(place, (_, value) => (value instanceof Secret ? undefined : value))

const targetIncomplete = (target: string): ActionFailure =>
  new ActionFailure({
    type: 'inputInvalid',
    message: `target ${target} names no vault: it needs a directory or an address, and a password`,
    retryable: false,
    applied: 'no',
  })
