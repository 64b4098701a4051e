// Restore points as snapshots tell them: listed, found by what a person says, and read whole. PT2: consistency is what was recorded with its
// evidence (P9); what was not recorded was not proven.
import { isObject, type Json, type JsonObject } from '../../values/index.ts'
import { pointAmbiguous, pointDamaged, pointUnknown } from '../codes.ts'
import { readSnapshot, type Snapshot, snapshotNames, unlessDamaged } from '../format/index.ts'
import type { Repository } from '../repository/index.ts'
import type { Attachment } from './attachments.ts'
import {
  type Consistency,
  type Level,
  POINT_FORMAT,
  type PointDisk,
  type PointFiles,
  type PointKind,
  type PointSummary,
  type RestorePoint,
} from './model.ts'

/** Every snapshot, ours and others', newest first. Damaged ones are left out; `verify` reports them. Each file is read once. Rejects where one cannot be read at present. */
export async function listSnapshots({ backend, key, snapshots, cache }: Repository): Promise<readonly Snapshot[]> {
  const names = await snapshotNames(backend)
  if (cache && snapshots.size === 0) for (const snapshot of await cache.load()) snapshots.set(snapshot.id, snapshot)
  let fresh = 0
  const read = async (name: string): Promise<Snapshot | undefined> => {
    const snapshot = await unlessDamaged(readSnapshot(backend, key, name))
    if (snapshot) snapshots.set(name, snapshot)
    fresh += 1
    return snapshot
  }
  const found = await Promise.all(names.map((name) => snapshots.get(name) ?? read(name)))
  const listed = new Set(names)
  const gone = [...snapshots.keys()].filter((name) => !listed.has(name))
  for (const name of gone) snapshots.delete(name)
  if (cache && fresh + gone.length > 0) await cache.save([...snapshots.values()])
  return found.filter((snapshot) => snapshot !== undefined).sort((a, b) => b.timeMs - a.timeMs || (a.id < b.id ? -1 : 1))
}

/** Newest first. */
export async function listPoints(repository: Repository): Promise<readonly PointSummary[]> {
  return (await listSnapshots(repository)).map(summarise).filter((point) => point !== undefined)
}

/** Undefined when the snapshot is not one of ours. */
export function summarise(snapshot: Snapshot): PointSummary | undefined {
  const { id, timeMs, parent, tags, sizeBytes = 0, addedBytes = 0 } = snapshot
  const tag = (name: string): string | undefined => tags.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1)
  const vm = tag('vm')
  if (!tags.includes('holdfast') || vm === undefined) return undefined
  const [name, group] = [tag('name'), tag('group')]
  return {
    id,
    kind: tag('kind') === 'files' ? 'files' : 'disks',
    timeMs,
    vm,
    ...(name === undefined ? {} : { name }),
    ...(group === undefined ? {} : { group }),
    consistency: asConsistency(tag('consistency')),
    level: asLevel(tag('level')),
    run: tag('run') ?? '',
    ...(parent === undefined ? {} : { parent }),
    sizeBytes,
    addedBytes,
  }
}

/** Whatever was not recorded was not proven. */
const asConsistency = (word: Json | undefined): Consistency => (word === 'filesystem' || word === 'application' ? word : 'crash')

const asLevel = (word: string | undefined): Level => (word === 'incremental' || word === 'differential' ? word : 'full')

/** Which points may be meant, and the time by which `latest` is judged; without it, it goes by their dates alone. */
export interface Among {
  readonly vm?: string | undefined
  readonly kind?: PointKind | undefined
  readonly nowMs?: number
}

/** By id, by unambiguous prefix, by `latest`, or by `latest` of one VM. */
export async function findPoint(repository: Repository, wanted: string, among: Among = {}): Promise<RestorePoint> {
  const snapshots = await listSnapshots(repository)
  // After the snapshots: what they need was indexed before they appeared.
  await repository.refresh()
  const points = snapshots.map(summarise).filter((point) => point !== undefined)
  const { id } = findSummary(points, wanted, among)
  const found = snapshots.find((snapshot) => snapshot.id === id)
  if (!found) throw pointUnknown(wanted)
  return await readPoint(repository, found)
}

/** The one snapshot of another program whose id begins so, if that is no beginning of a point's id. */
export async function findForeign(repository: Repository, wanted: string): Promise<Snapshot | undefined> {
  const [found, ...others] = (await listSnapshots(repository)).filter(({ id }) => wanted.length > 0 && id.startsWith(wanted))
  if (!found || others.length > 0 || summarise(found)) return undefined
  await repository.refresh()
  return found
}

/** The same among points that are listed already, newest first. */
export function findSummary(
  points: readonly PointSummary[],
  wanted: string,
  { vm, kind, nowMs = Number.POSITIVE_INFINITY }: Among = {},
): PointSummary {
  const asked = points.filter((point) => (vm === undefined || point.vm === vm) && (kind === undefined || point.kind === kind))
  const matches =
    wanted === 'latest' ? newestOf(asked, nowMs) : asked.filter(({ id }) => wanted.length > 0 && id.startsWith(wanted))
  const [found, ...others] = matches
  if (!found) throw pointUnknown(vm === undefined ? wanted : `${wanted} of ${vm}`)
  if (others.length > 0)
    throw pointAmbiguous(
      wanted,
      matches.map(({ id }) => id),
    )
  return found
}

/** What a clock that was wrong once has dated in the future is not the newest, while there is another. */
function newestOf(points: readonly PointSummary[], nowMs: number): readonly PointSummary[] {
  const past = points.filter((point) => !isFromFuture(point, nowMs))
  return (past.length > 0 ? past : points).slice(0, 1)
}

/** By more than clocks of machines differ that work together. */
export const isFromFuture = ({ timeMs }: Pick<PointSummary, 'timeMs'>, nowMs: number): boolean => timeMs > nowMs + SKEW_MS

const SKEW_MS = 30 * 60_000

/** The whole point of a snapshot of ours; throws `POINT_DAMAGED` when its own files cannot be read. */
export async function readPoint(repository: Repository, snapshot: Snapshot): Promise<RestorePoint> {
  const summary = summarise(snapshot)
  if (!summary) throw pointUnknown(snapshot.id)
  try {
    const root = await repository.readTree(snapshot.tree)
    const json = async (name: string): Promise<Json> => {
      const node = root.find((one) => one.name === name)
      if (node?.kind !== 'file') throw new Error(`${name} is missing`)
      const pieces: Buffer[] = []
      for (let at = 0; at < node.content.length; at += 32)
        pieces.push(await repository.readData(node.content.subarray(at, at + 32)))
      return JSON.parse(Buffer.concat(pieces).toString()) as Json
    }
    const machine = root.some(({ name }) => name === 'machine.json') ? { machine: await json('machine.json') } : {}
    return { ...decodePoint(summary, await json('holdfast.json'), await json('vm.json')), ...machine }
  } catch (cause) {
    throw pointDamaged(snapshot.id, cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

function decodePoint(summary: PointSummary, about: Json, config: Json): RestorePoint {
  if (!isObject(about) || about.format !== POINT_FORMAT)
    throw new Error('holdfast.json has a form that this program does not know')
  const geometry = isObject(about.geometry) ? about.geometry : {}
  const { chunkBytes, segmentBytes } = geometry
  if (typeof chunkBytes !== 'number' || typeof segmentBytes !== 'number' || !Array.isArray(about.disks))
    throw new Error('holdfast.json is incomplete')
  return {
    ...summary,
    // The file, not the tag, is what was proven: tags can be edited by other programs.
    consistency: asConsistency(about.consistency),
    name: typeof about.name === 'string' ? about.name : summary.vm,
    platform: about.platform ?? null,
    evidence: about.evidence ?? null,
    checkpoint: about.checkpoint ?? null,
    config,
    disks: about.disks.map(decodeDisk),
    geometry: { chunkBytes, segmentBytes },
    attachments: Array.isArray(about.attachments) ? about.attachments.map(decodeAttachment) : [],
    // Sealed with the vault's key, so it is what was written.
    ...(isObject(about.files) ? { files: about.files as unknown as PointFiles } : {}),
  }
}

function decodeDisk(disk: Json): PointDisk {
  const { disk: key, treeId, sizeBytes } = isObject(disk) ? disk : ({} as JsonObject)
  if (typeof key !== 'string' || typeof treeId !== 'string' || typeof sizeBytes !== 'number')
    throw new Error('holdfast.json describes a disk badly')
  return { disk: key, treeId, sizeBytes }
}

function decodeAttachment(attachment: Json): Attachment {
  const { name, treeId, sizeBytes } = isObject(attachment) ? attachment : ({} as JsonObject)
  if (typeof name !== 'string' || typeof treeId !== 'string' || typeof sizeBytes !== 'number')
    throw new Error('holdfast.json describes an attachment badly')
  return { name, treeId, sizeBytes }
}
