export type { Fault, Rehearsal, RehearsalReport, WireFault } from './model.ts'
export { PlainRunFailed, type RehearseRequest, rehearse } from './rehearse.ts'
export { NobodyStandsIn, type Scene } from './stage.ts'
export { rehearsalAsText } from './text.ts'
