// A vault as its callers see it.
import type { BlockSource } from '../blocks/index.ts'
import type { Geometry, RestoreDiskRequest, RestoredDisk, StoreDiskRequest, StoredDisk } from './disks/index.ts'
import type { BackedUpFiles, BackUpFilesRequest, ListedFile, RestoredFiles, RestoreFilesRequest } from './files/index.ts'
import type { Snapshot } from './format/index.ts'
import type { Attachment, NewPoint, PointKind, PointSummary, PointsDiff, RestorePoint } from './points/index.ts'
import type {
  ForgetRequest,
  Forgotten,
  KeyRing,
  Pruned,
  PruneRequest,
  Repaired,
  RepairRequest,
  Unlocked,
  UnlockRequest,
  VaultStats,
  VerifyReport,
  VerifyRequest,
} from './upkeep/index.ts'

export interface VaultOptions {
  /** Worker threads; 0 works in this thread. Default: as many as the work is worth, at most one per core and four. */
  readonly threads?: number
  /** Disks will be moved, or packs read, and so many bytes of one where that is known: threads load their code while the password is tried. */
  readonly toWork?: boolean | number
  /** Of disks stored from now on; points remember theirs. */
  readonly geometry?: Geometry
  /** How much of a disk is read between two checkpoints. */
  readonly checkpointBytes?: number
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  /** scrypt's N of a new key. Default: what takes about 100 ms; less is for vaults that hold nothing worth a guess. */
  readonly keyCost?: number
  /** Absolute: where lists of points and of chunks are kept, so that opening is quick. It may be deleted at any time. Default: nowhere. */
  readonly cacheFolder?: string
}

/** Every call may be made at any time and several at once. All throw VaultError for what is wrong with vault or request. */
export interface Vault extends AsyncDisposable {
  readonly where: string
  /** Index files that could not be read so far. They are looked at when something beyond a list of points is asked for. */
  readonly damage: readonly Error[]
  /** Newest first. */
  points(filter?: { readonly vm?: string; readonly kind?: PointKind; readonly limit?: number }): Promise<readonly PointSummary[]>
  /** By id, unambiguous prefix, or `latest` (of the VM and the kind, where they are named). */
  point(wanted: string, vm?: string, kind?: PointKind): Promise<RestorePoint>
  /** All snapshots, those of other programs too, newest first. */
  snapshots(): Promise<readonly Snapshot[]>
  storeDisk(request: StoreDiskRequest): Promise<StoredDisk>
  /** Stores a small file that belongs to a VM; a point names it. Durable when it answers. */
  storeAttachment(bytes: Uint8Array): Promise<Omit<Attachment, 'name'>>
  readAttachment(pointId: string, name: string): Promise<Uint8Array>
  commitPoint(point: NewPoint): Promise<PointSummary>
  /** The caller disposes of the source. */
  openDisk(pointId: string, disk: string): Promise<BlockSource>
  restoreDisk(request: RestoreDiskRequest): Promise<RestoredDisk>
  /** Stores folders and makes a point of them. */
  backUpFiles(request: BackUpFilesRequest): Promise<BackedUpFiles>
  restoreFiles(request: RestoreFilesRequest): Promise<RestoredFiles>
  /** What is in a folder of a point of files; its folders for an empty path. */
  listFiles(pointId: string, path: string): Promise<readonly ListedFile[]>
  verify(request: VerifyRequest): Promise<VerifyReport>
  /** Needs the vault for itself, as prune does: throws `VAULT_LOCKED` while anybody else uses it. */
  forget(request: ForgetRequest): Promise<Forgotten>
  prune(request: PruneRequest): Promise<Pruned>
  /** Needs the vault for itself too. */
  repair(request: RepairRequest): Promise<Repaired>
  diff(fromPointId: string, toPointId: string): Promise<PointsDiff>
  stats(): Promise<VaultStats>
  /** Removes locks that nobody holds any more. Takes none. */
  unlock(request: UnlockRequest): Promise<Unlocked>
  readonly keys: KeyRing
  close(): Promise<void>
}
