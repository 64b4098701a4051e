export { makePlan, type PlanOptions } from './make-plan.ts'
export { openPlannedRun, refuseDrift } from './planned-run.ts'
export { type PlanPrinting, printPlan } from './print-plan.ts'
export { isSavedPlan, knownInputs, loadPlan, savePlan } from './saved-plan.ts'
