export { type Attachment, readAttachment, storeAttachment } from './attachments.ts'
export { commitPoint, findCommitted } from './commit-point.ts'
export { type DiskDiff, diffPoints, type FileDiff, type PointsDiff } from './diff-points.ts'
export type {
  Consistency,
  FileCounts,
  FolderToStore,
  Level,
  NewPoint,
  PointDisk,
  PointFiles,
  PointKind,
  PointSummary,
  RestorePoint,
} from './model.ts'
export {
  type Among,
  findForeign,
  findPoint,
  findSummary,
  isFromFuture,
  listPoints,
  listSnapshots,
  readPoint,
  summarise,
} from './read-points.ts'
