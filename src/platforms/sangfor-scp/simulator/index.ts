// A simulated SCP with HCI clusters behind it: real HTTP, real NBD, real bytes on the disks.
export { firstDifference } from './disk.ts'
export { simulator } from './for-people.ts'
export { startStandIn } from './stand-in.ts'
export { type ScpSimulator, type ScpSimulatorOptions, type SimulatedVm, startScpSimulator } from './start.ts'
export type { DiskSpec, VmSpec } from './vm-spec.ts'
