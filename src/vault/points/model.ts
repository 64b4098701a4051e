// What a vault knows of restore points, as data. Source of the mapping: docs/formats/vault.md.
import type { Json } from '../../values/index.ts'
import type { Geometry } from '../disks/index.ts'
import type { FileProblems } from '../file-problems.ts'
import type { Attachment } from './attachments.ts'

/** Of `holdfast.json`, the file of a point that says what it is. */
export const POINT_FORMAT = 1

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
