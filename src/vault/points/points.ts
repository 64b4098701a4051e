// Restore points: what a snapshot of ours says about one VM. Source of the mapping: docs/formats/vault.md.
// PT1: a point is visible only when all it refers to is durable (P7). PT2: consistency is recorded as given, with its evidence (P9).
import { isObject, type Json, type JsonObject } from '../../values/index.ts'
import { pointAmbiguous, pointDamaged, pointUnknown } from '../codes.ts'
import { assertStored, type Geometry } from '../disks/index.ts'
import type { FileProblems } from '../file-problems.ts'
import { nodeName, putSnapshot, readSnapshot, type Snapshot, unlessDamaged } from '../format/index.ts'
import type { Repository } from '../repository/index.ts'
import { type Attachment, assertAttached } from './attachments.ts'

export type Consistency = 'crash' | 'filesystem' | 'application'
/** Disks know no differential: their incrementals are whole by reference already. */
export type Level = 'full' | 'differential' | 'incremental'
export type PointKind = 'disks' | 'files'

/** What a list shows: all of it from the snapshot file alone. */
export interface PointSummary {
  /** Snapshot id, 64 hex digits; any unambiguous prefix finds it. */
  readonly id: string
  readonly kind: PointKind
  readonly timeMs: number
  readonly vm: string
  /** What people called the VM; only `point` tells it of points that older releases made. */
  readonly name?: string
  readonly group?: string
  readonly consistency: Consistency
  readonly level: Level
  readonly run: string
  readonly parent?: string
  /** Sum of the disks or files. */
  readonly sizeBytes: number
  /** What storing it added to the vault. */
  readonly addedBytes: number
}

export interface PointDisk {
  readonly disk: string
  readonly treeId: string
  readonly sizeBytes: number
}

export interface RestorePoint extends PointSummary {
  /** The VM's name on its platform; `vm` is its identity. */
  readonly name: string
  /** The pack that made the point, and what it needs to know again. */
  readonly platform: Json
  readonly evidence: Json
  /** The change-tracking base that this point gives to the next one (P8). */
  readonly checkpoint: Json
  /** As the platform gave it. */
  readonly config: Json
  /** The VM in words that no platform owns, for a restore elsewhere; older points have none. */
  readonly machine?: Json
  /** None in a point that holds files. */
  readonly disks: readonly PointDisk[]
  readonly geometry: Geometry
  /** Small files that belong to the VM beside its disks. */
  readonly attachments: readonly Attachment[]
  /** Of a point that holds files. */
  readonly files?: PointFiles
}

export interface FolderToStore {
  /** Where it stands in the point: names joined by slashes, such as `letters/D`. */
  readonly name: string
  /** Absolute. */
  readonly path: string
}

export interface FileCounts {
  readonly files: number
  readonly folders: number
  /** Symbolic links, devices, pipes and sockets. */
  readonly others: number
  /** Files taken over without reading them. */
  readonly unchanged: number
  /** Of all files. */
  readonly sizeBytes: number
  readonly bytesRead: number
  /** What the new content takes in the vault, trees among it. */
  readonly bytesStored: number
}

/** The folders of a point, their tree, and what could not be stored of them as it is. */
export interface PointFiles {
  readonly treeId: string
  readonly folders: readonly FolderToStore[]
  readonly counts: FileCounts
  readonly problems: FileProblems
}

export interface NewPoint {
  /** With `vm` it identifies the point: committing again answers the same one. */
  readonly run: string
  readonly vm: string
  readonly name: string
  readonly group?: string
  readonly platform: Json
  readonly level: Level
  readonly consistency: Consistency
  readonly evidence?: Json
  readonly checkpoint?: Json
  readonly config: Json
  readonly machine?: Json
  /** None when files are given. */
  readonly disks: readonly PointDisk[]
  readonly attachments?: readonly Attachment[]
  readonly files?: PointFiles
  /** The point that unchanged ranges were taken over from. */
  readonly parent?: string
  readonly addedBytes?: number
}

const FORMAT = 1

/** Makes the point visible, durably; or answers the one that this run committed for the VM before. */
export async function commitPoint(
  repository: Repository,
  point: NewPoint,
  geometry: Geometry,
  nowMs: number,
  lost: AbortSignal,
): Promise<PointSummary> {
  const known = findCommitted(await listPoints(repository), point, kindOf(point))
  if (known) return known
  await repository.refresh()
  for (const disk of point.disks) await assertStored(repository, disk, geometry)
  for (const attachment of point.attachments ?? []) await assertAttached(repository, attachment)

  const snapshot = {
    timeMs: nowMs,
    tree: await saveRoot(repository, point, geometry),
    ...(point.parent === undefined ? {} : { parent: point.parent }),
    path: point.files ? `/${nodeName(point.vm)}/files` : `/${nodeName(point.vm)}`,
    tags: encodeTags(point),
    sizeBytes: point.files?.counts.sizeBytes ?? point.disks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    addedBytes: point.addedBytes ?? 0,
  }
  await repository.sync()
  // A lock that no longer protects may have let a prune remove what was stored.
  lost.throwIfAborted()
  const id = await putSnapshot(repository.backend, repository.key, snapshot)
  const { tree: _tree, path: _path, tags: _tags, ...shown } = snapshot
  const { vm, name, run, level, consistency } = point
  return {
    id,
    kind: kindOf(point),
    vm,
    name,
    run,
    level,
    consistency,
    ...(point.group === undefined ? {} : { group: point.group }),
    ...shown,
  }
}

const kindOf = ({ files }: { readonly files?: PointFiles }): PointKind => (files ? 'files' : 'disks')

/** What this run committed for the VM before. */
export const findCommitted = (
  points: readonly PointSummary[],
  { run, vm }: { readonly run: string; readonly vm: string },
  kind: PointKind,
): PointSummary | undefined => points.find((point) => point.run === run && point.vm === vm && point.kind === kind)

async function saveRoot(repository: Repository, point: NewPoint, geometry: Geometry): Promise<string> {
  const {
    run,
    vm,
    name,
    group = null,
    platform,
    level,
    consistency,
    evidence = null,
    checkpoint = null,
    disks,
    attachments = [],
    files,
    parent = null,
  } = point
  const about = {
    format: FORMAT,
    vm,
    name,
    group,
    platform,
    run,
    level,
    parent,
    consistency,
    evidence,
    checkpoint,
    geometry: { ...geometry },
    disks: disks.map(({ disk, sizeBytes, treeId }) => ({ disk, sizeBytes, treeId, folder: nodeName(disk) })),
    ...(attachments.length === 0 ? {} : { attachments: attachments.map((each) => ({ ...each, folder: nodeName(each.name) })) }),
    ...(files ? { files: { ...files } as unknown as JsonObject } : {}),
  }
  return await repository.saveTree([
    ...(attachments.length === 0
      ? []
      : [await folderOf(repository, 'attachments', new Map(attachments.map(({ name: each, treeId }) => [each, treeId])))]),
    files
      ? { kind: 'dir', name: 'files', subtree: files.treeId }
      : await folderOf(repository, 'disks', new Map(disks.map(({ disk, treeId }) => [disk, treeId]))),
    await jsonFile(repository, 'holdfast.json', about),
    ...(point.machine === undefined ? [] : [await jsonFile(repository, 'machine.json', point.machine)]),
    await jsonFile(repository, 'vm.json', point.config),
  ])
}

async function folderOf(
  repository: Repository,
  name: string,
  trees: ReadonlyMap<string, string>,
): Promise<{ kind: 'dir'; name: string; subtree: string }> {
  const folders = [...trees].map(([key, subtree]) => ({ kind: 'dir', name: nodeName(key), subtree }) as const)
  folders.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
  return { kind: 'dir', name, subtree: await repository.saveTree(folders) }
}

async function jsonFile(
  repository: Repository,
  name: string,
  value: Json,
): Promise<{ kind: 'file'; name: string; sizeBytes: number; content: Buffer }> {
  const text = Buffer.from(`${JSON.stringify(value, null, 2)}\n`)
  return { kind: 'file', name, sizeBytes: text.length, content: await repository.saveData(text) }
}

function encodeTags({ vm, name, group, run, consistency, level, files }: NewPoint): readonly string[] {
  return [
    'holdfast',
    `vm=${vm}`,
    `name=${name}`,
    ...(files ? ['kind=files'] : []),
    ...(group === undefined ? [] : [`group=${group}`]),
    `consistency=${consistency}`,
    `level=${level}`,
    `run=${run}`,
  ]
}

/** Every snapshot, ours and others', newest first. Damaged ones are left out; `verify` reports them. Each file is read once. Rejects where one cannot be read at present. */
export async function listSnapshots({ backend, key, snapshots, cache }: Repository): Promise<readonly Snapshot[]> {
  const names = await backend.names('snapshot')
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

/** By id, by unambiguous prefix, by `latest`, or by `latest` of one VM. */
export async function findPoint(repository: Repository, wanted: string, vm?: string, kind?: PointKind): Promise<RestorePoint> {
  const snapshots = await listSnapshots(repository)
  // After the snapshots: what they need was indexed before they appeared.
  await repository.refresh()
  const points = snapshots.map(summarise).filter((point) => point !== undefined)
  const { id } = findSummary(points, wanted, vm, kind)
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
export function findSummary(points: readonly PointSummary[], wanted: string, vm?: string, kind?: PointKind): PointSummary {
  const asked = points.filter((point) => (vm === undefined || point.vm === vm) && (kind === undefined || point.kind === kind))
  const matches = wanted === 'latest' ? asked.slice(0, 1) : asked.filter(({ id }) => wanted.length > 0 && id.startsWith(wanted))
  const [found, ...others] = matches
  if (!found) throw pointUnknown(vm === undefined ? wanted : `${wanted} of ${vm}`)
  if (others.length > 0)
    throw pointAmbiguous(
      wanted,
      matches.map(({ id }) => id),
    )
  return found
}

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
  if (!isObject(about) || about.format !== FORMAT) throw new Error('holdfast.json has a form that this program does not know')
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
