export { planAsMermaid } from './mermaid.ts'
export type * from './model.ts'
export { type PlanRequest, planRunbook } from './plan.ts'
export { planAsText } from './text.ts'
