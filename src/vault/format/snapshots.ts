// Snapshot files: what makes a tree a restore point. Source: restic doc/design.rst, "Snapshots". Tags carry what a list wants to show.
import { hostname, userInfo } from 'node:os'
import { isObject, type Json } from '../../values/index.ts'
import type { Backend } from '../backend.ts'
import { fileDamaged, snapshotsMissing } from '../codes.ts'
import type { SealKey } from './crypto.ts'
import { putFile, readFile } from './sealed-files.ts'

export interface Snapshot {
  /** File name: 64 hex digits. */
  readonly id: string
  readonly timeMs: number
  readonly tree: string
  readonly parent?: string
  readonly paths: readonly string[]
  readonly hostname: string
  readonly tags: readonly string[]
  /** From the summary, where the writer left one. */
  readonly sizeBytes?: number
  readonly addedBytes?: number
}

export interface NewSnapshot {
  readonly timeMs: number
  readonly tree: string
  readonly parent?: string
  /** restic groups by host and path when it forgets; ours is one path a VM. */
  readonly path: string
  readonly tags: readonly string[]
  readonly sizeBytes: number
  readonly addedBytes: number
}

/** Of all snapshot files. Throws where their folder is gone: a vault that looks as if it had no points would be pruned to nothing. */
export async function snapshotNames(backend: Backend): Promise<readonly string[]> {
  const names = await backend.names('snapshot')
  if (names.length > 0 || (await backend.hasFolder?.('snapshot')) !== false) return names
  // A copy may lack folders that were empty.
  if ((await backend.names('pack')).length > 0) throw snapshotsMissing(backend.where)
  return names
}

/** Durable and visible when resolved; everything it refers to must be durable and indexed before. */
export async function putSnapshot(backend: Backend, key: SealKey, snapshot: NewSnapshot): Promise<string> {
  const time = new Date(snapshot.timeMs).toISOString()
  const document = {
    time,
    ...(snapshot.parent === undefined ? {} : { parent: snapshot.parent }),
    tree: snapshot.tree,
    paths: [snapshot.path],
    hostname: hostname(),
    username: userInfo().username,
    tags: snapshot.tags,
    program_version: 'holdfast 0.1.0',
    summary: { backup_start: time, backup_end: time, data_added: snapshot.addedBytes, total_bytes_processed: snapshot.sizeBytes },
  }
  return await putFile(backend, key, 'snapshot', JSON.stringify(document))
}

export async function readSnapshot(backend: Backend, key: SealKey, id: string): Promise<Snapshot> {
  const file = await readFile(backend, key, 'snapshot', id)
  const snapshot = decode(id, file)
  if (!snapshot) throw fileDamaged('snapshot', id, 'it is not a snapshot')
  return snapshot
}

function decode(id: string, file: Json): Snapshot | undefined {
  if (!isObject(file) || typeof file.time !== 'string' || typeof file.tree !== 'string') return undefined
  const timeMs = Date.parse(file.time)
  if (Number.isNaN(timeMs)) return undefined
  const summary = isObject(file.summary) ? file.summary : {}
  return {
    id,
    timeMs,
    tree: file.tree,
    ...(typeof file.parent === 'string' ? { parent: file.parent } : {}),
    paths: strings(file.paths),
    hostname: typeof file.hostname === 'string' ? file.hostname : '',
    tags: strings(file.tags),
    ...(typeof summary.total_bytes_processed === 'number' ? { sizeBytes: summary.total_bytes_processed } : {}),
    ...(typeof summary.data_added === 'number' ? { addedBytes: summary.data_added } : {}),
  }
}

const strings = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
