// Bytes that actions of other packs take and give, such as a VM's firmware: from the wire into the vault, and back. Nothing of them is kept
// anywhere else. Places are `{ vault }` to keep them, and `{ vault, pointId, name }` to read what a point has attached.
import type { BodyStore } from '../../http/index.ts'
import type { TargetRef } from '../../language/index.ts'
import type { ActionContext } from '../../packs/index.ts'
import type { JsonObject } from '../../values/index.ts'
import type { Vault } from '../../vault/index.ts'
import { asFailure } from './failures.ts'
import { withVault } from './open-vaults.ts'

export const vaultBodies: BodyStore = {
  keep: async (bytes, place, context) => ({ ...(await onVault(place, context, (vault) => vault.storeAttachment(bytes))) }),
  read: (place, context) => onVault(place, context, (vault) => vault.readAttachment(String(place.pointId), String(place.name))),
}

async function onVault<T>(place: JsonObject, context: ActionContext, call: (vault: Vault) => Promise<T>): Promise<T> {
  try {
    return await withVault(context.connection(place.vault as unknown as TargetRef), call)
  } catch (error) {
    context.signal.throwIfAborted()
    throw asFailure(error)
  }
}
