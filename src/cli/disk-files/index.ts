export type { Volume } from './model.ts'
export { type DiskFiles, openDiskFiles } from './open.ts'
export { type Taken, takeFiles } from './take.ts'
