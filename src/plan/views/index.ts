export { planAsMermaid } from './mermaid.ts'
export { planAsText, type TextOptions } from './text.ts'
