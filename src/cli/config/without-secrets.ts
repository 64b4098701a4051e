// A last fence [P11]: whatever is about to be shown or logged loses every secret that this process has in hand,
// also where a platform repeats one in an error of its own.
import { redact, type Secret } from '../../values/index.ts'

/** A copy of plain data with the mark in place of each secret; the value itself when there is none. */
export function withoutSecrets<T>(value: T, secrets: readonly Secret[]): T {
  if (secrets.length === 0) return value
  return clean(value, secrets) as T
}

function clean(value: unknown, secrets: readonly Secret[]): unknown {
  if (typeof value === 'string') return redact(value, secrets)
  if (Array.isArray(value)) return value.map((each) => clean(each, secrets))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [redact(name, secrets), clean(each, secrets)]))
}
