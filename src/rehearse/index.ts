export type { Fault, Rehearsal, RehearsalReport, WireFault } from './model.ts'
export { NobodyStandsIn, type Scene } from './perform.ts'
export { PlainRunFailed, type RehearseRequest, rehearse } from './rehearse.ts'
export { rehearsalAsText } from './text.ts'
