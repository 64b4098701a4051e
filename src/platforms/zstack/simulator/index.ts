// A simulated ZStack: the API's behaviour, and true bytes on volumes and in backups.
export { simulator } from './for-people.ts'
export { startLostSite, startStandIn } from './stand-in.ts'
export { startZstackSimulator, type ZstackSimulator, type ZstackSimulatorOptions } from './start.ts'
