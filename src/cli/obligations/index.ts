export { type Duty, dutyFacts, openDuties } from './duties.ts'
export { type Judged, judge, type Ledger, type Verdict } from './strays.ts'
