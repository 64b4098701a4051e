export { holdsUnknown, isObject, isUnknown, type Json, type JsonObject, type JsonSchema, type Unknown, unknown } from './json.ts'
export { fillDefaults, schemaProblems, type Validator, validator } from './schema.ts'
export type { SchemaProblem } from './schema-problem.ts'
export { redact, SECRET_MARK, Secret } from './secret.ts'
export {
  isSecretReference,
  isSecretSlot,
  mapSecretSchemas,
  mapSecretSlots,
  type SecretReference,
  type SecretSource,
  secretReferencesIn,
  secretSourceSchema,
  withSecretReferences,
} from './secret-reference.ts'
export { printable, textWidth } from './terminal-text.ts'
export { DURATION_PATTERN, fileTime, formatCount, formatDuration, formatSize, parseDuration, parseSize } from './units.ts'
