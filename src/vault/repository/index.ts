export { indexCache } from './index-cache.ts'
export { type Caches, openRepository, type Repository } from './repository.ts'
export { snapshotCache } from './snapshot-cache.ts'
