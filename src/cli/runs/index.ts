export { conduct, sayOwed } from './conduct.ts'
export { connectionsOfRuns } from './connections-of-runs.ts'
export { openRunning } from './open-running.ts'
