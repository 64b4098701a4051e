export { beginSimulation, HOST, openApi, portBeside } from './begin.ts'
export { createPlatformClock, type PlatformClock } from './clock.ts'
export { keepWriting, movedLine, noise } from './demo.ts'
export { readableExport, writableExport } from './exports.ts'
export { createFaults, type Faults, faultsSchemaOf, readFaultScript, type ScriptedFault } from './faults.ts'
export { answerTo } from './in-process.ts'
export { openapiSliceOf } from './openapi-slice.ts'
export type { SimulatedPlatform, SimulationOptions } from './platform.ts'
export { movedTime, tallyOf } from './rehearsed.ts'
export { addFaultRoutes, recordCall, wrongWith } from './server.ts'
export {
  createSparseDisk,
  dataBytes,
  differenceOf,
  guestWrites,
  isEqual,
  laidOver,
  type SparseDisk,
  type SparseSnapshot,
  type SparseView,
} from './sparse-disk.ts'
export { VM_NAMES } from './vm-names.ts'
