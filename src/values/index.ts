export { holdsUnknown, isObject, isUnknown, type Json, type JsonObject, type JsonSchema, type Unknown, unknown } from './json.ts'
export { fillDefaults, type SchemaProblem, schemaProblems, type Validator, validator } from './schema.ts'
export { redact, SECRET_MARK, Secret } from './secret.ts'
export { DURATION_PATTERN, formatDuration, formatSize, parseDuration, parseSize } from './units.ts'
