// A new restore point, written as a snapshot. PT1: it is visible only when all it refers to is durable (P7).
import type { Json, JsonObject } from '../../values/index.ts'
import { assertStored, type Geometry } from '../disks/index.ts'
import { nodeName, putSnapshot } from '../format/index.ts'
import type { Repository } from '../repository/index.ts'
import { assertAttached } from './attachments.ts'
import { type NewPoint, POINT_FORMAT, type PointFiles, type PointKind, type PointSummary } from './model.ts'
import { listPoints } from './read-points.ts'

/** Makes the point visible, durably; or answers the one that this run committed for the VM before. */
export async function commitPoint(
  repository: Repository,
  point: NewPoint,
  geometry: Geometry,
  nowMs: number,
  assertThere: () => Promise<void>,
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
  await assertThere()
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
    format: POINT_FORMAT,
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
