export { type Attachment, readAttachment, storeAttachment } from './attachments.ts'
export { type DiskDiff, diffPoints, type FileDiff, type PointsDiff } from './diff-points.ts'
export {
  type Consistency,
  commitPoint,
  type FileCounts,
  type FolderToStore,
  findCommitted,
  findForeign,
  findPoint,
  findSummary,
  type Level,
  listPoints,
  listSnapshots,
  type NewPoint,
  type PointDisk,
  type PointFiles,
  type PointKind,
  type PointSummary,
  type RestorePoint,
  readPoint,
  summarise,
} from './points.ts'
