// How much a vault holds, what sharing and compression save, and how it grew. From metadata alone.
import type { FileKind } from '../backend.ts'
import { listPoints } from '../points/index.ts'
import type { Repository } from '../repository/index.ts'

export interface VaultStats {
  readonly points: number
  readonly packs: number
  /** All files of the vault. */
  readonly storedBytes: number
  readonly blobs: number
  /** What all points would take if each were written out. */
  readonly pointBytes: number
  /** Of each blob once, before compression. */
  readonly uniqueBytes: number
  /** The same, as stored. */
  readonly compressedBytes: number
  /** Days with points, oldest first, UTC. */
  readonly growth: readonly { readonly day: string; readonly points: number; readonly addedBytes: number }[]
}

const STORED: readonly FileKind[] = ['config', 'key', 'pack', 'index', 'snapshot']

export async function vaultStats(repository: Repository): Promise<VaultStats> {
  await repository.refresh()
  const { backend, data, trees } = repository
  const points = await listPoints(repository)
  const kinds = await Promise.all(STORED.map((kind) => backend.list(kind)))
  const [ofData, ofTrees] = [data.totals(), trees.totals()]
  const days = Map.groupBy(points.toReversed(), ({ timeMs }) => new Date(timeMs).toISOString().slice(0, 10))
  return {
    points: points.length,
    packs: kinds[STORED.indexOf('pack')]?.length ?? 0,
    storedBytes: kinds.flat().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    blobs: data.count + trees.count,
    pointBytes: points.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    uniqueBytes: ofData.plainBytes + ofTrees.plainBytes,
    compressedBytes: ofData.storedBytes + ofTrees.storedBytes,
    growth: [...days].map(([day, of]) => ({
      day,
      points: of.length,
      addedBytes: of.reduce((sum, { addedBytes }) => sum + addedBytes, 0),
    })),
  }
}
