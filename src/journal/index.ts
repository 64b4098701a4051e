export { createMemoryJournal } from './memory.ts'
export * from './model.ts'
export { ownerLives, processOwner } from './owner.ts'
export { journalExists, openJournal } from './sqlite.ts'
