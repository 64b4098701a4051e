// Every message that a runbook can draw, one builder per code, and what each code means to its reader.
export * from './calls.ts'
export * from './duties.ts'
export * from './expressions.ts'
export * from './form.ts'
export * from './names.ts'
export { type Code, type CodeMeaning, diagnosticCodes } from './table.ts'
