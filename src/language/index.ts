export { blocksIn, runbookCallsIn } from './called-runbooks.ts'
export {
  type ActionView,
  type CatalogueView,
  type FailureView,
  inputsSchema,
  type PackView,
  qualify,
  type ResourceView,
  resolveUses,
} from './catalogue.ts'
export {
  type Call,
  checkLockOrder,
  checkRunbook,
  earlierStep,
  earlierSteps,
  expressionsIn,
  fitDiagnostics,
  functionSignature,
  type RootTypes,
  type RunbookAtHand,
  type Sight,
  type Site,
  type Survey,
  survey,
  templateDiagnostics,
  textsWhere,
  typeGiven,
  typeOfTemplate,
  typeWhere,
  type Visible,
  visibleAfter,
} from './check/index.ts'
export { type Code, type CodeMeaning, diagnosticCodes } from './codes/index.ts'
export { conform } from './conform.ts'
export { DEFAULT_RETRY, ENGINE_FAILURES } from './defaults.ts'
export { ExpressionFailed, evaluateOpen, evaluateTemplate, type Reference, type Roots, references } from './expressions/index.ts'
export { formatYaml } from './format/index.ts'
export type * from './model.ts'
export { type Draft, type ParsedRunbook, parseRunbook, runbookSchema } from './parse/index.ts'
export { schemaDiagnostics, wordProblem } from './schema-diagnostics.ts'
export {
  closestNode,
  entryOf,
  type ReadYaml,
  readYaml,
  templateOf,
  toJson,
  writeYaml,
  type YamlEntry,
  type YamlList,
  type YamlMap,
  type YamlNode,
  type YamlScalar,
} from './syntax/index.ts'
export { longestOfTriesMs } from './tries.ts'
export {
  elementsOf,
  fromSchema as typeFromSchema,
  listOf,
  mayBeAbsent,
  optional,
  present,
  record as recordOf,
  TEXT,
  type Type,
  UNKNOWN,
  unionOf,
} from './types/index.ts'
export { FORMATS, type Formats, type Formatted, formatProblem, type Migrated, type Migration, migrate } from './versions/index.ts'
