// Finds out whether every point could be restored, and if not, which ranges of which disks are lost. It repairs nothing.
import { randomInt } from 'node:crypto'
import { type Extent, normaliseExtents } from '../../blocks/index.ts'
import { isDamage } from '../codes.ts'
import { GEOMETRY } from '../disks/index.ts'
import {
  ID_BYTES,
  type IndexedPack,
  keyProblems,
  nodeName,
  packBytes,
  readIndex,
  readSnapshot,
  type Snapshot,
  snapshotNames,
  unlessDamaged,
} from '../format/index.ts'
import { type RestorePoint, readPoint, summarise } from '../points/index.ts'
import type { Repository } from '../repository/index.ts'
import type { PackReport } from '../workers/index.ts'

export interface VerifyRequest {
  /** Also read, decrypt and hash every pack. Without it only what the files' presence, size and metadata tell. */
  readonly data: boolean
  /** Read only so large a share of the packs, chosen anew each time: between 0 and 1. */
  readonly sample?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: { readonly doneBytes: number; readonly totalBytes: number }) => void
}

export interface VerifyReport {
  readonly snapshots: number
  readonly packs: number
  readonly bytesRead: number
  /** What is wrong with files of the vault, in words. */
  readonly problems: readonly string[]
  /** Packs that no index lists: left by interrupted work, harmless. */
  readonly unusedPacks: number
  /** Points that cannot be restored whole. Empty means that all can. */
  readonly damagedPoints: readonly DamagedPoint[]
}

export interface DamagedPoint {
  readonly id: string
  readonly timeMs: number
  /** Absent for snapshots of other programs. */
  readonly vm?: string
  readonly damage: readonly Damage[]
}

/** One unreadable file of a point. Within `disks/<folder>` the ranges are offsets of the disk. */
export interface Damage {
  readonly path: string
  readonly reason: string
  readonly ranges: readonly { readonly offsetBytes: number; readonly lengthBytes: number }[]
}

export async function verifyVault(repository: Repository, request: VerifyRequest): Promise<VerifyReport> {
  const { backend, key } = repository
  const problems: string[] = []
  // Snapshots first, then index: what a snapshot needs was indexed before the snapshot appeared.
  const { snapshots, unreadable } = await readSnapshots(repository)
  problems.push(...unreadable)
  await repository.reread()
  problems.push(...repository.damage.map(messageOf), ...(await keyProblems(backend)))

  const present = new Map((await backend.list('pack')).map(({ name, sizeBytes }) => [name, sizeBytes]))
  const packs = await checkPacks(repository, present, request, problems)
  const walks = new Map<number, Walk>()
  const damagedPoints: DamagedPoint[] = []
  for (const snapshot of snapshots) {
    request.signal?.throwIfAborted()
    const point = await readPoint(repository, snapshot).catch(() => undefined)
    const { chunkBytes } = point?.geometry ?? GEOMETRY
    const walk = walks.get(chunkBytes) ?? createWalk(repository, packs.badBlobs, chunkBytes)
    walks.set(chunkBytes, walk)
    const damage = joinSegments(await walk(snapshot.tree), point)
    const vm = summarise(snapshot)?.vm
    if (damage.length > 0)
      damagedPoints.push({ id: snapshot.id, timeMs: snapshot.timeMs, ...(vm === undefined ? {} : { vm }), damage })
  }
  return {
    snapshots: snapshots.length + unreadable.length,
    packs: present.size,
    bytesRead: packs.bytesRead,
    problems,
    unusedPacks: present.size - packs.listed,
    damagedPoints,
  }

  async function readSnapshots({
    backend: from,
  }: Repository): Promise<{ snapshots: readonly Snapshot[]; unreadable: readonly string[] }> {
    const read: Snapshot[] = []
    const bad: string[] = []
    for (const name of await snapshotNames(from)) {
      try {
        read.push(await readSnapshot(from, key, name))
      } catch (error) {
        bad.push(messageOf(error))
      }
    }
    read.sort((a, b) => a.timeMs - b.timeMs)
    return { snapshots: read, unreadable: bad }
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

// ---- packs ------------------------------------------------------------------------------------------------------

interface CheckedPacks {
  /** `type id`, hex. */
  readonly badBlobs: ReadonlyMap<string, string>
  /** Packs that are present and indexed. */
  readonly listed: number
  readonly bytesRead: number
}

async function checkPacks(
  repository: Repository,
  present: ReadonlyMap<string, number>,
  request: VerifyRequest,
  problems: string[],
): Promise<CheckedPacks> {
  const badBlobs = new Map<string, string>()
  const seen = new Set<string>()
  const chosen = choosePacks(present, request)
  const totalBytes = [...chosen].reduce((sum, id) => sum + (present.get(id) ?? 0), 0)
  let bytesRead = 0
  let listed = 0

  async function checkOne(pack: IndexedPack, check: (pack: IndexedPack) => Promise<PackReport>): Promise<void> {
    const sizeBytes = present.get(pack.id)
    const name = `pack ${pack.id.slice(0, 10)}`
    const markAll = (reason: string): void => pack.blobs.forEach((blob) => void badBlobs.set(`${blob.type} ${blob.id}`, reason))
    if (sizeBytes === undefined) {
      problems.push(`${name} is missing`)
      markAll(`${name} is missing`)
      return
    }
    listed += 1
    if (!chosen.has(pack.id)) {
      if (sizeBytes === packBytes(pack.blobs)) return
      problems.push(`${name} has ${sizeBytes} bytes instead of ${packBytes(pack.blobs)}`)
      for (const blob of pack.blobs) {
        if (blob.offsetBytes + blob.lengthBytes > sizeBytes) badBlobs.set(`${blob.type} ${blob.id}`, `${name} ends before it`)
      }
      return
    }
    const report = await check(pack)
    bytesRead += sizeBytes
    request.onProgress?.({ doneBytes: bytesRead, totalBytes })
    const flawed = report.blobs.filter(({ flaw }) => flaw !== undefined)
    if (report.flaw !== undefined) problems.push(`${name} is damaged: ${report.flaw}`)
    else if (flawed.length > 0) problems.push(`${name} is damaged: ${flawed.length} of ${report.blobs.length} blobs`)
    const types = new Map(pack.blobs.map(({ id, type }) => [id, type]))
    for (const { id, flaw } of flawed) badBlobs.set(`${types.get(id)} ${id}`, `a blob in ${name} is ${flaw}`)
  }

  for await (const packs of eachIndex(repository)) {
    const fresh = packs.filter(({ id }) => !seen.has(id))
    for (const { id } of fresh) seen.add(id)
    const queue = fresh.values()
    const lanes = repository.workers(totalBytes).map(async (work) => {
      for (const pack of queue) {
        request.signal?.throwIfAborted()
        await checkOne(pack, ({ id, blobs }) => work.checkPack(id, blobs))
      }
    })
    await Promise.all(lanes)
  }
  return { badBlobs, listed, bytesRead }
}

/** The packs to read: all, none, or as many at random as make up the share. */
function choosePacks(present: ReadonlyMap<string, number>, { data, sample = 1 }: VerifyRequest): ReadonlySet<string> {
  if (!data || sample >= 1) return new Set(data ? present.keys() : [])
  const wantedBytes = sample * [...present.values()].reduce((sum, sizeBytes) => sum + sizeBytes, 0)
  const chosen = new Set<string>()
  let chosenBytes = 0
  const shuffled = [...present.keys()].map((id) => ({ id, at: randomInt(2 ** 47) })).sort((a, b) => a.at - b.at)
  for (const { id } of shuffled) {
    if (chosenBytes >= wantedBytes) break
    chosen.add(id)
    chosenBytes += present.get(id) ?? 0
  }
  return chosen
}

/** One index file at a time, so that memory stays bounded; unreadable ones were reported when they were met first. */
async function* eachIndex({ backend, key }: Repository): AsyncGenerator<readonly IndexedPack[], void, undefined> {
  for (const name of await backend.names('index')) {
    const packs = await unlessDamaged(readIndex(backend, key, name))
    if (packs) yield packs
  }
}

// ---- trees ------------------------------------------------------------------------------------------------------

/** What is lost below a tree, paths relative to it. Trees that several points share are walked once. */
type Walk = (treeId: string) => Promise<readonly Damage[]>

function createWalk(repository: Repository, badBlobs: ReadonlyMap<string, string>, chunkBytes: number): Walk {
  const known = new Map<string, readonly Damage[]>()

  async function walk(treeId: string): Promise<readonly Damage[]> {
    const before = known.get(treeId)
    if (before) return before
    const damage = await walkTree(treeId)
    known.set(treeId, damage)
    return damage
  }

  async function walkTree(treeId: string): Promise<readonly Damage[]> {
    const bad = badBlobs.get(`tree ${treeId}`)
    if (bad !== undefined) return [{ path: '', reason: bad, ranges: [] }]
    const damage: Damage[] = []
    try {
      for (const node of await repository.readTree(treeId)) {
        if (node.kind === 'dir')
          for (const one of await walk(node.subtree)) damage.push({ ...one, path: `${node.name}/${one.path}` })
        if (node.kind === 'file') damage.push(...fileDamage(node.name, node.sizeBytes, node.content))
      }
    } catch (error) {
      if (!isDamage(error)) throw error
      return [{ path: '', reason: messageOf(error), ranges: [] }]
    }
    return damage
  }

  function fileDamage(name: string, sizeBytes: number, content: Buffer): readonly Damage[] {
    const chunks = content.length / ID_BYTES
    const fixed = chunks === Math.ceil(sizeBytes / chunkBytes)
    const lost: Extent[] = []
    let reason = ''
    let offsetBytes = 0
    for (let chunk = 0; chunk < chunks; chunk += 1) {
      const place = repository.data.locate(content, chunk * ID_BYTES)
      const lengthBytes = fixed
        ? Math.min(chunkBytes, sizeBytes - offsetBytes)
        : place
          ? place.rawBytes || place.lengthBytes - 32
          : 0
      const flaw = place ? flawOf(content, chunk) : 'no index lists a blob of it'
      if (flaw !== undefined) {
        lost.push({ offsetBytes, lengthBytes, kind: 'data' })
        reason ||= flaw
      }
      offsetBytes += lengthBytes
    }
    return reason === ''
      ? []
      : [
          {
            path: name,
            reason,
            ranges: merge(lost),
          },
        ]
  }

  const flawOf = (content: Buffer, chunk: number): string | undefined =>
    badBlobs.size === 0 ? undefined : badBlobs.get(`data ${content.toString('hex', chunk * ID_BYTES, (chunk + 1) * ID_BYTES)}`)

  return walk
}

const SEGMENT = /^disks\/([^/]+)(?:\/(\d{6}))?(?:\/disk\.raw)?$/

/** Segments are how a disk is stored; people ask for offsets of the disk. A lost tree loses all that was below it. */
function joinSegments(damage: readonly Damage[], point: RestorePoint | undefined): readonly Damage[] {
  const { segmentBytes } = point?.geometry ?? GEOMETRY
  const sizes = new Map(point?.disks.map(({ disk, sizeBytes }) => [nodeName(disk), sizeBytes]))
  const joined = new Map<string, Damage>()
  for (const one of damage) {
    const place = one.path.replace(/\/$/, '')
    const [, folder = '', segment] = SEGMENT.exec(place) ?? []
    const sizeBytes = sizes.get(folder)
    const path = sizeBytes === undefined ? place || '/' : `disks/${folder}`
    const start = sizeBytes === undefined ? 0 : Number(segment ?? 0) * segmentBytes
    const below = segment === undefined ? (sizeBytes ?? 0) : Math.min(segmentBytes, (sizeBytes ?? 0) - start)
    const lost = one.ranges.length > 0 || sizeBytes === undefined ? one.ranges : [{ offsetBytes: 0, lengthBytes: below }]
    const ranges = lost.map(({ offsetBytes, lengthBytes }) => ({ offsetBytes: start + offsetBytes, lengthBytes }))
    const known = joined.get(path)
    joined.set(path, { path, reason: known?.reason ?? one.reason, ranges: merge([...(known?.ranges ?? []), ...ranges]) })
  }
  return [...joined.values()]
}

type Ranges = Damage['ranges']

const merge = (ranges: Ranges): Ranges =>
  normaliseExtents(ranges.map((range) => ({ ...range, kind: 'data' as const }))).map(({ offsetBytes, lengthBytes }) => ({
    offsetBytes,
    lengthBytes,
  }))
