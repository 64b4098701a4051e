export { filesBelow, foldersBelow } from './files-below.ts'
export { watchFolders } from './watch-folders.ts'
export { writeAtomically } from './write-atomically.ts'
