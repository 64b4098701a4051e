// Backs up the folders of a machine as one restore point of files. Source of the mapping: docs/formats/vault.md.
// FP1: a file that could not be stored as it is fails the backup, or stands in the point; none is left out silently.
import type { Json } from '../../values/index.ts'
import { filesNotStored, foldersInvalid } from '../codes.ts'
import { GEOMETRY } from '../disks/index.ts'
import { type FileProblems, gatherProblems } from '../file-problems.ts'
import {
  type Consistency,
  commitPoint,
  type FileCounts,
  type FolderToStore,
  findCommitted,
  findPoint,
  type Level,
  listPoints,
  type PointFiles,
  type PointSummary,
} from '../points/index.ts'
import type { Repository } from '../repository/index.ts'
import { storeFolders } from './store-files.ts'
import { totalSize } from './total-size.ts'

export interface BackUpFilesRequest {
  /** With `vm` it identifies the point: backing up again answers the same one. */
  readonly run: string
  readonly vm: string
  readonly name: string
  readonly group?: string
  /**
   * `full` reads every file; `differential` those changed since the last full; `incremental` those changed since the last point of either kind.
   * Without such a point it becomes a full.
   */
  readonly level: Level
  readonly folders: readonly FolderToStore[]
  /** When a file cannot be stored as it is: fail without a point, or make the point and list such files in it. */
  readonly onProblem: 'fail' | 'accept'
  readonly consistency: Consistency
  readonly evidence?: Json
  readonly platform: Json
  readonly config?: Json
  readonly machine?: Json
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: FilesProgress) => void
  /** Called right before the point becomes visible; what it throws ends the backup. */
  readonly beforeCommit?: () => void
}

export interface FilesProgress {
  /** Of files that were read or taken over. */
  readonly doneBytes: number
  /** Of all files; absent until all folders were looked through. */
  readonly totalBytes?: number
}

export interface BackedUpFiles {
  readonly point: PointSummary
  readonly counts: FileCounts
  readonly problems: FileProblems
}

export async function backUpFiles(
  repository: Repository,
  request: BackUpFilesRequest,
  now: () => number,
  assertThere: () => Promise<void>,
): Promise<BackedUpFiles> {
  assertFolders(request.folders)
  const points = await listPoints(repository)
  await repository.refresh()
  const known = findCommitted(points, request, 'files')
  if (known) {
    const { counts, problems } = await filesOf(repository, known.id)
    return { point: known, counts, problems }
  }

  const base = await findBase(repository, points, request)
  const stored = await store(repository, request, base)
  request.beforeCommit?.()
  const { run, vm, name, group, consistency, evidence, platform, config = {}, machine } = request
  const point = await commitPoint(
    repository,
    {
      run,
      vm,
      name,
      level: base ? request.level : 'full',
      consistency,
      platform,
      config,
      disks: [],
      files: stored,
      addedBytes: stored.counts.bytesStored,
      ...(group === undefined ? {} : { group }),
      ...(evidence === undefined ? {} : { evidence }),
      ...(machine === undefined ? {} : { machine }),
      ...(base ? { parent: base.id } : {}),
    },
    GEOMETRY,
    now(),
    assertThere,
  )
  return { point, counts: stored.counts, problems: stored.problems }
}

async function store(repository: Repository, request: BackUpFilesRequest, base: Base | undefined): Promise<PointFiles> {
  const problems = gatherProblems()
  const { folders, signal } = request
  const progress = createProgress(request)
  try {
    const { treeId, counts, hasAttributes } = await storeFolders(repository, {
      folders,
      ...(base ? { baseTree: base.treeId } : {}),
      ...(signal ? { signal } : {}),
      onProgress: progress.show,
      onProblem: problems.add,
    })
    progress.end()
    const met = problems.all()
    // A machine without the program for attributes still backs up; the point says that it has none.
    const unstored = met.count - (hasAttributes ? 0 : 1)
    if (unstored > 0 && request.onProblem === 'fail') throw filesNotStored(met)
    return { treeId, folders, counts, problems: met }
  } catch (error) {
    // What was stored so far need not be stored again by the next try. This failure is the one to tell.
    await repository.sync().catch(() => {})
    throw error
  } finally {
    await progress[Symbol.asyncDispose]()
  }
}

/** Tells how far it is, and of how much as soon as another walk, which reads nothing, has come through all folders. */
function createProgress({ folders, onProgress }: BackUpFilesRequest) {
  const stop = new AbortController()
  let totalBytes: number | undefined
  let lastBytes = 0
  const sizing = onProgress
    ? totalSize(
        folders.map(({ path }) => path),
        stop.signal,
      ).then(
        (bytes) => {
          totalBytes = bytes
        },
        () => {},
      )
    : undefined
  return {
    show(doneBytes: number): void {
      lastBytes = doneBytes
      // Files may have grown since.
      onProgress?.({ doneBytes, ...(totalBytes === undefined ? {} : { totalBytes: Math.max(doneBytes, totalBytes) }) })
    },
    end: (): void => onProgress?.({ doneBytes: lastBytes, totalBytes: lastBytes }),
    async [Symbol.asyncDispose](): Promise<void> {
      stop.abort()
      await sizing
    },
  }
}

type Base = Pick<PointSummary, 'id'> & Pick<PointFiles, 'treeId'>

/** The point whose files need not be read again. None for a full, nor where it cannot be read: then all files are. */
async function findBase(
  repository: Repository,
  points: readonly PointSummary[],
  { level, vm }: BackUpFilesRequest,
): Promise<Base | undefined> {
  if (level === 'full') return undefined
  const base = points.find(
    (point) => point.vm === vm && point.kind === 'files' && (level === 'incremental' || point.level === 'full'),
  )
  const files = base && (await filesOf(repository, base.id).catch(() => undefined))
  return files && { id: base.id, treeId: files.treeId }
}

async function filesOf(repository: Repository, pointId: string): Promise<PointFiles> {
  const { files } = await findPoint(repository, pointId)
  if (!files) throw new Error(`point ${pointId} is one of files and describes none`)
  return files
}

/** Names become a tree: each has to be a place of its own in it. */
function assertFolders(folders: readonly FolderToStore[]): void {
  if (folders.length === 0) throw foldersInvalid('there is none')
  const seen: string[] = []
  for (const { name, path } of folders) {
    const parts = name.split('/')
    if (parts.some((part) => part === '' || part === '.' || part === '..')) throw foldersInvalid(`${name} is no name for one`)
    if (!path.startsWith('/')) throw foldersInvalid(`${path} is no absolute path`)
    const other = seen.find((one) => `${one}/`.startsWith(`${name}/`) || `${name}/`.startsWith(`${one}/`))
    if (other !== undefined) throw foldersInvalid(`${name} and ${other} would lie in one place`)
    seen.push(name)
  }
}
