export { planAsMermaid } from './mermaid.ts'
export type { Certainty, Hold, Plan, PlanStep } from './model.ts'
export { type PlanRequest, planRunbook } from './plan.ts'
export { planAsText } from './text.ts'
