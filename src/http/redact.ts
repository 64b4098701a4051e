// Secrets out of what others wrote.
import { isObject, type Json, redact, type Secret } from '../values/index.ts'

/** The same value with every secret that occurs in one of its texts replaced by the mark. */
export function withoutSecrets(value: Json, secrets: ReadonlySet<Secret>): Json {
  if (secrets.size === 0) return value
  if (typeof value === 'string') return redact(value, secrets)
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, secrets))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [redact(key, secrets), withoutSecrets(field, secrets)]))
}
