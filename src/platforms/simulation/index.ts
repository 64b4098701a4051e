export { createPlatformClock, type PlatformClock } from './clock.ts'
export { createFaults, type Faults, faultsSchemaOf, readFaultScript, type ScriptedFault } from './faults.ts'
export { answerTo } from './in-process.ts'
export { openapiSliceOf } from './openapi-slice.ts'
