// A simulated vCenter Server: real HTTP in both bindings, real NBD in place of VDDK, real bytes on the disks.
export { simulator } from './for-people.ts'
export { startStandIn } from './stand-in.ts'
export { startVsphereSimulator, type VsphereOptions, type VsphereSimulator } from './start.ts'
export type { VmSpec } from './vms.ts'
