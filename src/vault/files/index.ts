export { type BackedUpFiles, type BackUpFilesRequest, backUpFiles, type FilesProgress } from './file-points.ts'
export { type ListedFile, listFiles } from './list-files.ts'
export { type RestoredFiles, type RestoreFilesRequest, restoreFiles } from './restore-files.ts'
export { isPattern, selectPaths } from './select-paths.ts'
