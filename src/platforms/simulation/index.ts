export { createPlatformClock, type PlatformClock } from './clock.ts'
export { createFaults, type Faults, faultsSchemaOf, readFaultScript, type ScriptedFault } from './faults.ts'
export { answerTo } from './in-process.ts'
export { openapiSliceOf } from './openapi-slice.ts'
export {
  createSparseDisk,
  dataBytes,
  differenceOf,
  isEqual,
  laidOver,
  type SparseDisk,
  type SparseSnapshot,
  type SparseView,
  writeAsGuest,
} from './sparse-disk.ts'
