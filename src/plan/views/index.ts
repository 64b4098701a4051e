export { planAsHtml } from './html/page.ts'
export { planAsMarkdown } from './markdown.ts'
export { planAsMermaid } from './mermaid.ts'
export { planAsText, type TextOptions } from './text.ts'
