export * from './compare/index.ts'
export type * from './model.ts'
export { type PlanRequest, planRunbook } from './plan.ts'
export { planAsHtml, planAsMarkdown, planAsMermaid, planAsText, type TextOptions } from './views/index.ts'
