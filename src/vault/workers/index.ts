export type { ChunkRead, PackReport, Work } from './work.ts'
export { createPool, type WorkerPool } from './worker-pool.ts'
export type { ChunkWrite } from './write-chunks.ts'
