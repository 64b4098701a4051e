export { type Draft, type ParsedRunbook, parseRunbook, runbookSchema } from './runbook.ts'
export { RESERVED_NAMES } from './verbs/index.ts'
