// A process that backs up into a vault on a server, then removes an old point from it, and may be killed: `vault-server-child.ts CARRIED FOLDER FIRST OLD`.
import { arrived, backendAt, type CarriedAddress } from '../../../src/vault/backends/index.ts'
import { type BackendAddress, openBackend, type Vault } from '../../../src/vault/index.ts'
import { PASSWORD } from '../../vault/world.ts'
import { backUpAgain } from '../vault-interrupted.ts'

const CHUNK = 65_536

export const openThere = async (address: BackendAddress): Promise<Vault> =>
  await openBackend(await backendAt(address), PASSWORD, {
    threads: 0,
    geometry: { chunkBytes: CHUNK, segmentBytes: 4 * CHUNK },
    checkpointBytes: CHUNK,
  })

/** Repeating it ends in the same. */
export async function backUpAndRemove(vault: Vault, folder: string, firstId: string, oldId: string): Promise<void> {
  await backUpAgain(vault, folder, firstId)
  const isThere = (await vault.points()).some(({ id }) => id === oldId)
  if (isThere) await vault.forget({ pointIds: [oldId], dryRun: false })
  await vault.prune({ dryRun: false, maxUnused: 0 })
}

if (process.argv[1] === import.meta.filename) {
  const [, , carried = '', folder = '', firstId = '', oldId = ''] = process.argv
  await using vault = await openThere(arrived(JSON.parse(carried) as CarriedAddress))
  await backUpAndRemove(vault, folder, firstId, oldId)
}
