// A simulated CloudTower with one cluster behind it: real HTTP, real NBD in place of ZADP, real bytes on the volumes.
export { isEqual } from '../../simulation/index.ts'
export { simulator } from './for-people.ts'
export { startStandIn } from './stand-in.ts'
export { startTowerSimulator, type TowerOptions, type TowerSimulator } from './start.ts'
export type { VmSpec } from './vms.ts'
