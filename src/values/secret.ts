// A secret is a value that prints as its mark, whoever formats it. Only the code that puts it on a wire may reveal it.
import { inspect } from 'node:util'

export const SECRET_MARK = '‹secret›'

/** A password, key or token. `String()`, `JSON.stringify` and `inspect` all yield the mark. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself, for the one place that sends it. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return SECRET_MARK
  }

  toJSON(): string {
    return SECRET_MARK
  }

  [inspect.custom](): string {
    return SECRET_MARK
  }
}

/**
 * Replaces every secret that occurs inside a text, also as a JSON string or a URL holds it, for text that others wrote
 * (a vendor's error, a command's output).
 */
export function redact(text: string, secrets: Iterable<Secret>): string {
  const spellings = [...secrets].flatMap((secret) => spellingsOf(secret.reveal()))
  // Longest first: one secret may be part of another.
  const sorted = [...new Set(spellings)].filter((each) => each !== '').sort((a, b) => b.length - a.length)
  return sorted.reduce((clean, spelling) => clean.replaceAll(spelling, SECRET_MARK), text)
}

function spellingsOf(value: string): readonly string[] {
  return [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value.toWellFormed())]
}
