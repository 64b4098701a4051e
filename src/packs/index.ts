export * from './action.ts'
export { createCatalogue, type RunbooksByName } from './catalogue.ts'
export { type PackDiagnosticCode, packDiagnosticCodes } from './code-table.ts'
export { type Listing, listingOf } from './listing.ts'
export { type LoadedPack, loadPack } from './load.ts'
export {
  checkLock,
  checkRunbookLock,
  formatLock,
  LOCK_FILE,
  type Lock,
  type LockableRunbook,
  type Locked,
  lockFor,
  readLock,
} from './lock.ts'
export { type Meant, meaningsIn, meant, THINGS, wordsIn } from './meanings.ts'
export type * from './model.ts'
export { openOutput, openValue } from './open-output.ts'
export { type BytesBody, type OpenapiOperation, type OpenapiParameter, operationsOf } from './openapi.ts'
export { type ParsedPack, type ParsePack, parsePack, type SourceText } from './parse.ts'
export { parseUnlessPrepared, preparedPack, preparePack } from './prepared.ts'
export { packSchema } from './schema.ts'
export { checkRunbookUses, checkUses } from './uses.ts'
