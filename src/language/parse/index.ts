export { type Draft, type ParsedRunbook, parseRunbook, runbookSchema } from './runbook.ts'
