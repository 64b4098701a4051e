// Bytes that actions of other packs take and give, such as a VM's firmware: from the wire into the vault, and back. Nothing of them is kept
// anywhere else. Places are `{ vault }` to keep them, and `{ vault, pointId, name }` to read what a point has attached.
import type { BodyStore } from '../../http/index.ts'
import { onVault } from './open-vaults.ts'

export const vaultBodies: BodyStore = {
  keep: async (bytes, place, context) => ({ ...(await onVault(place, context, (vault) => vault.storeAttachment(bytes))) }),
  read: (place, context) => onVault(place, context, (vault) => vault.readAttachment(String(place.pointId), String(place.name))),
}
