// File names as restic writes them into trees: Go's strconv.Quote without the quotes, so that names that are no UTF-8 survive JSON.
// Source: Go, package strconv, `Quote` and `Unquote`; restic internal/restic/node.go.
import { isUtf8 } from 'node:buffer'

/** What Go calls printable: letters, marks, numbers, punctuation, symbols and the plain space. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u

const LETTERS: Readonly<Record<string, string>> = {
  '\x07': 'a',
  '\b': 'b',
  '\f': 'f',
  '\n': 'n',
  '\r': 'r',
  '\t': 't',
  '\v': 'v',
  '\\': '\\',
  '"': '"',
}

const BYTES_BY_LETTER = new Map(Object.entries(LETTERS).map(([char, letter]) => [letter, Buffer.from(char)]))

/** A file name's bytes as text that JSON keeps. */
export function goQuote(name: Buffer): string {
  let quoted = ''
  for (let at = 0; at < name.length; ) {
    const lengthBytes = runeBytes(name, at)
    quoted += lengthBytes === 0 ? hex('x', name[at] ?? 0, 2) : quoteRune(name.toString('utf8', at, at + lengthBytes))
    at += Math.max(1, lengthBytes)
  }
  return quoted
}

/** How many bytes the character there has; 0 where there is none in UTF-8. */
function runeBytes(name: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= name.length; length += 1) {
    if (isUtf8(name.subarray(at, at + length))) return length
  }
  return 0
}

function quoteRune(char: string): string {
  const letter = LETTERS[char]
  if (letter !== undefined) return `\\${letter}`
  if (PRINTABLE.test(char)) return char
  const code = char.codePointAt(0) ?? 0
  if (code < 0x20 || code === 0x7f) return hex('x', code, 2)
  return code < 0x10000 ? hex('u', code, 4) : hex('U', code, 8)
}

const hex = (kind: string, code: number, digits: number): string => `\\${kind}${code.toString(16).padStart(digits, '0')}`

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([abfnrtv\\"]))/y

/** The bytes again; undefined where the text was never quoted so. */
export function goUnquote(quoted: string): Buffer | undefined {
  const parts: Buffer[] = []
  let rest = 0
  for (let at = quoted.indexOf('\\'); at >= 0; at = quoted.indexOf('\\', rest)) {
    ESCAPE.lastIndex = at
    const found = ESCAPE.exec(quoted)
    if (!found) return undefined
    const [whole, byte, short, long, octal, letter] = found
    const bytes =
      byte !== undefined || octal !== undefined
        ? Buffer.of(byte === undefined ? Number.parseInt(octal ?? '', 8) : Number.parseInt(byte, 16))
        : letter === undefined
          ? runeOf(Number.parseInt(short ?? long ?? '', 16))
          : BYTES_BY_LETTER.get(letter)
    if (!bytes) return undefined
    parts.push(Buffer.from(quoted.slice(rest, at)), bytes)
    rest = at + whole.length
  }
  parts.push(Buffer.from(quoted.slice(rest)))
  return Buffer.concat(parts)
}

const runeOf = (code: number): Buffer | undefined => (code > 0x10ffff ? undefined : Buffer.from(String.fromCodePoint(code)))
