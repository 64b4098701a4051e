// Handlers that back up and restore files. They decide nothing about them.
import { resolve } from 'node:path'
import type { ActionContext } from '../../packs/index.ts'
import type { Json, JsonObject } from '../../values/index.ts'
import type { Consistency, FileProblems, FolderToStore, Level, Vault } from '../../vault/index.ts'

/** A step's output is kept in the journal; the point itself lists more. */
const MOST_SHOWN = 100

export async function backUpFiles(vault: Vault, input: JsonObject, context: ActionContext): Promise<JsonObject> {
  const {
    onProblem = 'fail',
    session: _session,
    vault: _vault,
    ...asked
  } = input as unknown as {
    readonly vm: string
    readonly name: string
    readonly group?: string
    readonly level: Level
    readonly folders: readonly FolderToStore[]
    readonly onProblem?: 'fail' | 'accept'
    readonly consistency: Consistency
    readonly evidence?: Json
    readonly config?: Json
    readonly platform: Json
    readonly session?: Json
    readonly vault: Json
  }
  const { point, counts, problems } = await vault.backUpFiles({
    ...asked,
    run: context.runId,
    onProblem,
    signal: context.signal,
    onProgress: (progress) => context.progress({ ...progress, label: `${asked.name} files` }),
    beforeCommit: () => context.assertOwner(),
  })
  return {
    pointId: point.id,
    time: new Date(point.timeMs).toISOString(),
    level: point.level,
    files: counts.files,
    filesUnchanged: counts.unchanged,
    bytesRead: counts.bytesRead,
    bytesStored: counts.bytesStored,
    ...describe(problems),
  }
}

export async function restoreFiles(vault: Vault, input: JsonObject, context: ActionContext): Promise<JsonObject> {
  const { pointId, vm, to, include } = input as {
    readonly pointId: string
    readonly vm?: string
    readonly to: string
    readonly include?: readonly string[]
  }
  const point = await vault.point(pointId, vm, 'files')
  const { files, bytesWritten, problems } = await vault.restoreFiles({
    pointId: point.id,
    to: resolve(to),
    ...(include ? { include } : {}),
    signal: context.signal,
    onProgress: (progress) => context.progress({ ...progress, label: `${point.name} files` }),
  })
  return { pointId: point.id, files, bytesWritten, ...describe(problems) }
}

const describe = ({ count, listed }: FileProblems): JsonObject => ({
  problemCount: count,
  problems: listed.slice(0, MOST_SHOWN).map((problem) => ({ ...problem })),
})
