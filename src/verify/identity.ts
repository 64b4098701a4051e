// Short names for values: equal values have the same name. Values are shared between states, so each is read once.
import type { Json } from '../values/index.ts'

const names = new Map<string, string>()
const texts = new Map<string, string>()
const known = new WeakMap<object, string>()

export function identityOf(value: Json | object | undefined): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? '-'
  const seen = known.get(value)
  if (seen !== undefined) return seen
  const text = JSON.stringify(value)
  let name = names.get(text)
  if (name === undefined) {
    name = `~${names.size.toString(36)}`
    names.set(text, name)
    texts.set(name, text)
  }
  known.set(value, name)
  return name
}

/** The JSON text of the value that has this name. */
export const textNamed = (name: string): string | undefined => texts.get(name)
