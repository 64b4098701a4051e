// Handlers of the block-transfer pack: from the actions of runbooks to the vault. They hold no data and decide nothing about it.
import { createHash } from 'node:crypto'
import type { DiskAddress, Extent, TransferProgress } from '../../blocks/index.ts'
import type { TargetRef } from '../../language/index.ts'
import type { ActionContext, Handlers } from '../../packs/index.ts'
import { isObject, type Json, type JsonObject } from '../../values/index.ts'
import { type Checkpoint, type NewPoint, type RestorePoint, type Vault, VaultError } from '../../vault/index.ts'
import { mapMissing, pointDamaged } from './failures.ts'
import { backUpFiles, restoreFiles } from './file-actions.ts'
import { onVault } from './open-vaults.ts'

export { vaultBodies } from './bodies.ts'
export { cacheVaultsIn } from './open-vaults.ts'

// Inputs have been checked against the manifest; these say the same to the compiler.
interface OnVault extends JsonObject {
  readonly vault: TargetRef & JsonObject
}
interface OnVm extends OnVault {
  readonly vm: string
}
interface OnPoint extends OnVault {
  readonly pointId: string
  readonly vm?: string
}
interface Disk {
  readonly disk: string
  readonly sizeBytes: number
}
interface Source extends Disk {
  readonly address: DiskAddress
}
interface StoredDisk extends Disk {
  readonly treeId: string
  readonly bytesStored?: number
}

export const blockTransferHandlers: Handlers = {
  'block-transfer/point.last': (input, context) => onVault(input, context, (vault) => last(vault, (input as OnVm).vm)),
  'block-transfer/copy': (input, context) =>
    onVault(input, context, (vault) => copy(vault, input, context), { toWork: mostToRead(input) }),
  'block-transfer/point.commit': (input, context) => onVault(input, context, (vault) => commit(vault, input, context)),
  'block-transfer/point.get': (input, context) => onVault(input, context, (vault) => get(vault, input as OnPoint)),
  'block-transfer/write': (input, context) => onVault(input, context, (vault) => write(vault, input, context), { toWork: true }),
  'block-transfer/files.backup': (input, context) => onVault(input, context, (vault) => backUpFiles(vault, input, context)),
  'block-transfer/files.restore': (input, context) => onVault(input, context, (vault) => restoreFiles(vault, input, context)),
  'block-transfer/point.verify': (input, context) =>
    onVault(input, context, (vault) => verify(vault, input, context), { toWork: true }),
}

async function last(vault: Vault, vm: string): Promise<JsonObject> {
  const newest = await vault.point('latest', vm, 'disks').catch(undefinedWhereNone)
  if (!newest) return { found: false, disks: [] }
  const { pointId, checkpoint, level, consistency, time, disks } = describe(newest)
  return {
    found: true,
    pointId,
    level,
    consistency,
    time,
    disks,
    ...(checkpoint === undefined ? {} : { checkpoint }),
  } as JsonObject
}

function undefinedWhereNone(error: unknown): undefined {
  if (!(error instanceof VaultError) || error.code !== 'POINT_UNKNOWN') throw error
}

async function get(vault: Vault, { pointId, vm }: OnPoint): Promise<JsonObject> {
  return describe(await vault.point(pointId, vm, 'disks'))
}

function describe(point: RestorePoint): JsonObject {
  const { id, vm, name, group, timeMs, level, consistency, checkpoint, config, machine, platform, disks, attachments } = point
  return {
    pointId: id,
    vm,
    name,
    time: new Date(timeMs).toISOString(),
    level,
    consistency,
    config,
    platform,
    disks: disks.map(({ disk, sizeBytes }) => ({ disk, sizeBytes })),
    attachments: attachments.map(({ name: attached, sizeBytes }) => ({ name: attached, sizeBytes })),
    ...(group === undefined ? {} : { group }),
    ...(machine === undefined ? {} : { machine }),
    ...(typeof checkpoint === 'string' ? { checkpoint } : {}),
  }
}

interface ToCopy {
  readonly vm: string
  readonly name?: string
  readonly sources: readonly Source[]
  readonly maps: readonly { readonly disk: string; readonly extents: readonly Extent[] }[]
  readonly basePointId?: string
}

/** Of one disk: they are copied one after the other. */
const mostToRead = (input: JsonObject): number =>
  Math.max(0, ...(input as unknown as ToCopy).maps.map(({ extents }) => sumOf(extents)))

async function copy(vault: Vault, input: JsonObject, context: ActionContext): Promise<JsonObject> {
  const { sources, maps, basePointId, vm, name = vm } = input as unknown as ToCopy
  const base = basePointId === undefined ? undefined : await vault.point(basePointId, vm, 'disks')
  const bars = createBars(context, `${name} `)
  const checkpoints = createCheckpoints(
    context,
    createHash('sha256')
      .update(JSON.stringify([basePointId, sources, maps]))
      .digest('hex'),
  )
  // All maps are looked at before the first byte is read.
  const requests = sources.map((source) => {
    const extents = maps.find(({ disk }) => disk === source.disk)?.extents
    if (!extents) throw mapMissing(source.disk)
    return { ...source, extents, hasBase: base?.disks.some(({ disk }) => disk === source.disk) === true }
  })
  for (const { disk, extents } of requests) bars.expect(disk, sumOf(extents))

  const stored: (Required<StoredDisk> & { readonly bytesRead: number; readonly bytesUnchanged: number })[] = []
  for (const { disk, sizeBytes, address, extents, hasBase } of requests) {
    const done = await vault.storeDisk({
      disk,
      sizeBytes,
      source: address,
      map: extents,
      ...(base && hasBase ? { base: { pointId: base.id, disk } } : {}),
      signal: context.signal,
      onProgress: (progress) => bars.show(disk, progress),
      checkpoint: checkpoints.of(disk),
    })
    stored.push({ disk, ...done })
  }
  const sum = (of: 'bytesRead' | 'bytesStored' | 'bytesUnchanged'): number => stored.reduce((total, one) => total + one[of], 0)
  return {
    disks: stored.map(({ disk, treeId, sizeBytes, bytesStored }) => ({ disk, treeId, sizeBytes, bytesStored })),
    bytesRead: sum('bytesRead'),
    bytesStored: sum('bytesStored'),
    bytesUnchanged: sum('bytesUnchanged'),
  }
}

const sumOf = (extents: readonly Extent[]): number =>
  extents.reduce((sum, { kind, lengthBytes }) => sum + (kind === 'data' ? lengthBytes : 0), 0)

/** One bar over all disks of a call, labelled with the disk that moves. */
function createBars(context: ActionContext, prefix: string) {
  const bars = new Map<string, TransferProgress>()
  return {
    expect(disk: string, totalBytes: number): void {
      bars.set(disk, { doneBytes: 0, totalBytes })
    },
    show(disk: string, progress: TransferProgress): void {
      bars.set(disk, progress)
      let doneBytes = 0
      let totalBytes = 0
      for (const bar of bars.values()) {
        doneBytes += bar.doneBytes
        totalBytes += bar.totalBytes
      }
      context.progress({ doneBytes, totalBytes, label: `${prefix}${disk}` })
    },
  }
}

/** The step's one checkpoint, shared out by disk. It counts only for the very same work. */
function createCheckpoints(context: ActionContext, work: string): { of(disk: string): Checkpoint } {
  const saved = context.checkpoint.load()
  const disks: Record<string, Json> = isObject(saved) && saved.work === work && isObject(saved.disks) ? { ...saved.disks } : {}
  return {
    of: (disk) => ({
      load: () => disks[disk],
      save: (value) => {
        disks[disk] = value
        return context.checkpoint.save({ work, disks: { ...disks } })
      },
    }),
  }
}

/** What a point is given, but for what the run itself knows of it. */
interface Committed extends Omit<NewPoint, 'run' | 'disks' | 'files' | 'parent' | 'addedBytes'> {
  readonly disks: readonly StoredDisk[]
  readonly basePointId?: string
}

async function commit(vault: Vault, input: JsonObject, context: ActionContext): Promise<JsonObject> {
  const {
    vm,
    name,
    group,
    level,
    consistency,
    evidence,
    checkpoint,
    config,
    machine,
    disks,
    attachments,
    platform,
    basePointId,
  } = input as unknown as Committed
  const parent =
    basePointId ??
    (level === 'incremental'
      ? (await vault.points({ vm, kind: 'disks' })).find(({ run }) => run !== context.runId)?.id
      : undefined)
  context.assertOwner()
  const point = await vault.commitPoint({
    run: context.runId,
    vm,
    name,
    level,
    consistency,
    config,
    platform,
    disks: disks.map(({ disk, treeId, sizeBytes }) => ({ disk, treeId, sizeBytes })),
    addedBytes: disks.reduce((sum, { bytesStored = 0 }) => sum + bytesStored, 0),
    ...(group === undefined ? {} : { group }),
    ...(evidence === undefined ? {} : { evidence }),
    ...(machine === undefined ? {} : { machine }),
    ...(attachments === undefined ? {} : { attachments }),
    ...(checkpoint === undefined ? {} : { checkpoint }),
    ...(parent === undefined ? {} : { parent }),
  })
  return { pointId: point.id, time: new Date(point.timeMs).toISOString() }
}

async function write(vault: Vault, input: JsonObject, context: ActionContext): Promise<JsonObject> {
  const { pointId, targets, changed } = input as unknown as {
    readonly pointId: string
    readonly targets: readonly { readonly disk: string; readonly address: DiskAddress }[]
    readonly changed?: readonly { readonly disk: string; readonly extents: readonly Extent[] }[]
  }
  const point = await vault.point(pointId, undefined, 'disks')
  const bars = createBars(context, `${point.name} `)
  for (const { disk } of targets) bars.expect(disk, point.disks.find((one) => one.disk === disk)?.sizeBytes ?? 0)
  let bytesWritten = 0
  let sizeBytes = 0
  for (const { disk, address } of targets) {
    const done = await vault.restoreDisk({
      pointId: point.id,
      disk,
      target: address,
      ...(changed ? { only: changedOn(disk, changed) } : {}),
      signal: context.signal,
      onProgress: (progress) => bars.show(disk, progress),
    })
    bytesWritten += done.bytesWritten
    sizeBytes += done.sizeBytes
  }
  return { bytesWritten, sizeBytes }
}

/** Every disk that is written says what of it: one that is forgotten would be left as it is. */
function changedOn(
  disk: string,
  changed: readonly { readonly disk: string; readonly extents: readonly Extent[] }[],
): readonly Extent[] {
  const extents = changed.find((each) => each.disk === disk)?.extents
  if (!extents) throw mapMissing(disk)
  return extents.filter(({ kind }) => kind !== 'unchanged')
}

async function verify(vault: Vault, input: JsonObject, context: ActionContext): Promise<JsonObject> {
  const { pointId, data } = input as { readonly pointId?: string; readonly data?: boolean }
  const wanted = pointId === undefined ? undefined : (await vault.point(pointId)).id
  const report = await vault.verify({
    data: data ?? true,
    signal: context.signal,
    onProgress: (progress) => context.progress({ ...progress, label: 'vault' }),
  })
  const damaged = report.damagedPoints.filter(({ id }) => wanted === undefined || id === wanted)
  if (damaged.length > 0) throw pointDamaged(damaged, report.problems)
  return { points: report.snapshots, packs: report.packs, bytesRead: report.bytesRead }
}
