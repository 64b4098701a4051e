// Frees what no snapshot refers to: deletes packs nobody needs, and repacks those of which little is needed.
// PR1: a pack is deleted only when no index file lists it, an index file only when all that it lists and somebody needs is listed by another,
// durably. So prune may die at any call. PR2: it runs alone, under the exclusive lock. PR3: a vault that cannot be read whole is left as it is.

import { pruneRefused } from '../codes.ts'
import {
  type BlobType,
  ID_BYTES,
  type IndexedPack,
  openBlob,
  packBytes,
  readIndex,
  readSnapshot,
  release,
  snapshotNames,
  type WrittenPack,
  withPackers,
} from '../format/index.ts'
import type { Repository } from '../repository/index.ts'
import { type Alone, type Refused, removeEach } from './remove-each.ts'
import { replaceIndex } from './replace-index.ts'

export interface PruneRequest {
  /** How much of the vault may stay unused, so that little is written anew. Default 0.05. */
  readonly maxUnused?: number
  /** Says what would be freed, and changes nothing. */
  readonly dryRun: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: { readonly doneBytes: number; readonly totalBytes: number }) => void
}

export interface Pruned {
  readonly packsDeleted: number
  readonly packsRepacked: number
  /** Packs that no index listed: left by interrupted work. */
  readonly packsUnindexed: number
  /** Of deleted packs, without what was written anew of them. */
  readonly freedBytes: number
  /** In packs that are left as they are. */
  readonly unusedBytes: number
  readonly packs: number
  /** Files that the storage does not let go. They take their space, and are tried again by the next prune. */
  readonly refused: readonly Refused[]
}

const MAX_UNUSED = 0.05

/** The caller holds the exclusive lock. */
export async function pruneVault(repository: Repository, request: PruneRequest & Alone): Promise<Pruned> {
  const { backend } = repository
  await repository.reread()
  const [damaged] = repository.damage
  if (damaged) throw pruneRefused(damaged.message)
  const used = await findUsed(repository, request.signal)
  const present = new Map((await backend.list('pack')).map(({ name, sizeBytes }) => [name, sizeBytes]))
  const packs = await judgePacks(repository, used, present)
  const unindexed = [...present.keys()].filter((name) => !packs.has(name))
  const plan = choose([...packs.values()], request.maxUnused ?? MAX_UNUSED)
  const going = new Set([...plan.deleted, ...plan.repacked].map(({ id }) => id))
  const unindexedBytes = unindexed.reduce((sum, name) => sum + (present.get(name) ?? 0), 0)
  const sumOf = (judged: readonly JudgedPack[], of: 'sizeBytes' | 'usedBytes' | 'unusedBytes'): number =>
    judged.reduce((sum, pack) => sum + pack[of], 0)
  const pruned: Pruned = {
    packsDeleted: plan.deleted.length,
    packsRepacked: plan.repacked.length,
    packsUnindexed: unindexed.length,
    freedBytes: sumOf(plan.deleted, 'sizeBytes') + sumOf(plan.repacked, 'unusedBytes') + unindexedBytes,
    unusedBytes: sumOf(plan.left, 'unusedBytes'),
    packs: packs.size,
    refused: [],
  }
  if (request.dryRun) return pruned

  const written = await repack(repository, used, plan.repacked, request)
  const index = await replaceIndex(repository, going, written, request)
  request.signal?.throwIfAborted()
  const mayGo = [...going, ...unindexed].filter((name) => !index.stillListed.has(name))
  const refused = await removeEach(backend, 'pack', mayGo, request)
  await repository.refresh()
  const kept = new Set(refused.map(({ name }) => name))
  const gone = new Set(mayGo.filter((name) => !kept.has(name)))
  const staying = [...going, ...unindexed].filter((name) => !gone.has(name))
  return {
    ...pruned,
    packsDeleted: plan.deleted.filter(({ id }) => gone.has(id)).length,
    packsUnindexed: unindexed.filter((name) => gone.has(name)).length,
    // What was written anew takes its space beside the old.
    freedBytes: Math.max(0, pruned.freedBytes - staying.reduce((sum, name) => sum + (present.get(name) ?? 0), 0)),
    refused: [...index.refused, ...refused],
  }
}

// ---- what is needed -----------------------------------------------------------------------------------------------

/** Entries of the repository's two indexes. */
interface Used {
  readonly data: Uint8Array
  readonly trees: Uint8Array
}

/** Marks every blob that a snapshot needs; refuses when one cannot be found. */
async function findUsed(repository: Repository, signal: AbortSignal | undefined): Promise<Used> {
  const { backend, key } = repository
  const used = { data: new Uint8Array(repository.data.count), trees: new Uint8Array(repository.trees.count) }

  async function walk(treeId: string): Promise<void> {
    const id = Buffer.from(treeId, 'hex')
    if (!repository.trees.locate(id)) throw new Error(`no index lists tree ${treeId.slice(0, 10)}`)
    const entry = repository.trees.entryOf(id, 0)
    if (used.trees[entry] === 1) return
    used.trees[entry] = 1
    signal?.throwIfAborted()
    for (const node of await repository.readTree(treeId)) {
      if (node.kind === 'dir') await walk(node.subtree)
      if (node.kind === 'file') mark(node.content)
    }
  }

  function mark(ids: Buffer): void {
    for (let at = 0; at < ids.length; at += ID_BYTES) {
      if (!repository.data.locate(ids, at)) throw new Error(`no index lists blob ${ids.toString('hex', at, at + 5)}`)
      used.data[repository.data.entryOf(ids, at)] = 1
    }
  }

  for (const name of await snapshotNames(backend)) {
    try {
      await walk((await readSnapshot(backend, key, name)).tree)
    } catch (error) {
      signal?.throwIfAborted()
      throw pruneRefused(error instanceof Error ? error.message : String(error), { cause: error })
    }
  }
  return used
}

interface JudgedPack {
  readonly id: string
  readonly sizeBytes: number
  /** Of its blobs; the header is neither. */
  readonly usedBytes: number
  readonly unusedBytes: number
}

/** Of each pack that an index lists: how much of it is needed. Of equal blobs only the one that reads find counts. */
async function judgePacks(
  repository: Repository,
  used: Used,
  present: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, JudgedPack>> {
  const packs = new Map<string, JudgedPack>()
  for await (const { id, blobs } of eachPack(repository)) {
    if (packs.has(id)) continue
    let usedBytes = 0
    let unusedBytes = 0
    for (const blob of blobs) {
      if (isNeeded(repository, used, id, blob)) usedBytes += blob.lengthBytes
      else unusedBytes += blob.lengthBytes
    }
    const sizeBytes = present.get(id)
    if (usedBytes > 0 && sizeBytes !== packBytes(blobs))
      throw pruneRefused(
        `pack ${id.slice(0, 10)} ${sizeBytes === undefined ? 'is missing' : 'has another size than the index says'}`,
      )
    packs.set(id, { id, sizeBytes: sizeBytes ?? 0, usedBytes, unusedBytes })
  }
  return packs
}

function isNeeded(
  repository: Repository,
  used: Used,
  packId: string,
  blob: { readonly id: string; readonly type: BlobType },
): boolean {
  const index = blob.type === 'data' ? repository.data : repository.trees
  const id = Buffer.from(blob.id, 'hex')
  const marks = blob.type === 'data' ? used.data : used.trees
  const place = marks[index.entryOf(id, 0)] === 1 ? index.locate(id) : undefined
  return place !== undefined && repository.packId(place.pack) === packId
}

async function* eachPack({ backend, key }: Repository): AsyncGenerator<IndexedPack, void, undefined> {
  for (const name of await backend.names('index')) yield* await readIndex(backend, key, name)
}

// ---- what is done ---------------------------------------------------------------------------------------------------

interface Plan {
  readonly deleted: readonly JudgedPack[]
  readonly repacked: readonly JudgedPack[]
  readonly left: readonly JudgedPack[]
}

/** Packs with the largest unused share first, until what stays unused is bearable. */
function choose(packs: readonly JudgedPack[], maxUnused: number): Plan {
  const deleted = packs.filter(({ usedBytes }) => usedBytes === 0)
  const partly = packs.filter(({ usedBytes }) => usedBytes > 0)
  const share = ({ unusedBytes, usedBytes }: JudgedPack): number => unusedBytes / (unusedBytes + usedBytes)
  const sorted = partly.toSorted((a, b) => share(b) - share(a))
  const bearable = maxUnused * partly.reduce((sum, { usedBytes }) => sum + usedBytes, 0)
  let waste = partly.reduce((sum, { unusedBytes }) => sum + unusedBytes, 0)
  const repacked: JudgedPack[] = []
  for (const pack of sorted) {
    if (waste <= bearable) break
    repacked.push(pack)
    waste -= pack.unusedBytes
  }
  const going = new Set(repacked)
  return { deleted, repacked, left: partly.filter((pack) => !going.has(pack)) }
}

/** Writes what is needed of the packs into new ones; answers them, durable. */
async function repack(
  repository: Repository,
  used: Used,
  packs: readonly JudgedPack[],
  { signal, onProgress }: PruneRequest,
): Promise<readonly WrittenPack[]> {
  const { backend, key } = repository
  const waiting = new Set(packs.map(({ id }) => id))
  const totalBytes = packs.reduce((sum, { usedBytes }) => sum + usedBytes, 0)
  let doneBytes = 0
  return await withPackers(backend, key, async (packers) => {
    for await (const { id: packId, blobs } of eachPack(repository)) {
      if (!waiting.delete(packId)) continue
      for (const blob of blobs) {
        if (!isNeeded(repository, used, packId, blob)) continue
        signal?.throwIfAborted()
        const id = Buffer.from(blob.id, 'hex')
        const sealed = await backend.read('pack', packId, blob)
        const plain = openBlob(key, sealed, blob.rawBytes, id)
        release(sealed)
        if (typeof plain === 'string') throw pruneRefused(`a blob in pack ${packId.slice(0, 10)} is ${plain}`)
        await packers[blob.type].add(id, plain)
        release(plain)
        doneBytes += blob.lengthBytes
        onProgress?.({ doneBytes, totalBytes })
      }
    }
  })
}
