export type { Backend, BackendAddress, FileKind, StoredFile } from './backend.ts'
export { type LocalOptions, localBackend, memoryBackend, placeOf, type VaultPlace, type WriteStep } from './backends/index.ts'
export { type VaultCode, vaultCodes } from './code-table.ts'
export { disksMissing, fileUnknown, VaultError } from './codes.ts'
export type { Checkpoint, Geometry, RestoreDiskRequest, RestoredDisk, StoreDiskRequest, StoredDisk } from './disks/index.ts'
export { type ExportVaultOptions, exportVault } from './export.ts'
export { type FileProblem, type FileProblems, type FileTrouble, takesNoMore } from './file-problems.ts'
export type {
  BackedUpFiles,
  BackUpFilesRequest,
  FilesProgress,
  ListedFile,
  RestoredFiles,
  RestoreFilesRequest,
} from './files/index.ts'
export { isPattern, modeToGive, selectPaths } from './files/index.ts'
export type { ListedLock, Snapshot } from './format/index.ts'
export { makeFolder } from './make-folder.ts'
export type { Vault, VaultOptions } from './model.ts'
export type {
  Attachment,
  Consistency,
  DiskDiff,
  FileCounts,
  FileDiff,
  FolderToStore,
  Level,
  NewPoint,
  PointDisk,
  PointFiles,
  PointKind,
  PointSummary,
  PointsDiff,
  RestorePoint,
} from './points/index.ts'
export { assertRoom } from './target-room.ts'
export type {
  Damage,
  DamagedPoint,
  ForgetRequest,
  Forgotten,
  KeepRules,
  KeptPoint,
  KeyRing,
  ListedKey,
  Pruned,
  PruneRequest,
  Refused,
  Repaired,
  RepairRequest,
  Unlocked,
  UnlockRequest,
  VaultStats,
  VerifyReport,
  VerifyRequest,
} from './upkeep/index.ts'
export { initBackend, initVault, openBackend, openVault } from './vault.ts'
export { writeSparse } from './write-sparse.ts'
