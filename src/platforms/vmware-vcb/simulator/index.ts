export { startDemo } from './demo.ts'
export { simulator } from './for-people.ts'
export { startStandIn } from './stand-in.ts'
export { startVcbSimulator, type VcbSimulator } from './start.ts'
