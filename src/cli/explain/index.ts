export { examplesOf } from './examples.ts'
export { type CodePage, pageAsJson, pageAsMarkdown, pageAsText } from './page.ts'
