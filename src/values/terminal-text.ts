// Text of platforms and files on its way to a terminal: it may not steer it, and takes the places that it takes there.
import { createRequire } from 'node:module'

/** Control characters and those that turn the direction of writing would let a name on a platform steer the terminal. On one line. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (character) => (/\s/.test(character) ? ' ' : '�'))

// Loaded at first use: hardly any text needs it.
let measure: ((text: string) => number) | undefined

/** Columns of a terminal: Chinese, Japanese and Korean characters and pictures take two, combining marks none. */
export function textWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  measure ??= (createRequire(import.meta.url)('string-width') as typeof import('string-width')).default
  return measure(text)
}
