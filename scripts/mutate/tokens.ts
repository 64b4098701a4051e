// The tokens of a runbook's text, those of its expressions among them. It knows words and signs, and nothing of what check looks for.

/** What may stand in for each other: a token is swapped for one of its own class. */
export type TokenClass =
  | 'indent'
  | 'comment'
  | 'key'
  | 'id'
  | 'name'
  | 'word'
  | 'wording'
  | 'number'
  | 'duration'
  | 'version'
  | 'sign'
  | 'reference'
  | 'function'
  | 'operator'
  | 'bracket'
  | 'string'

export interface Token {
  readonly class: TokenClass
  readonly text: string
  /** Offset in the file. */
  readonly start: number
}

/** Keys whose value is an id that the author makes up or refers to. */
const ID_KEYS = new Set(['id', 'as', 'owner', 'end'])
/** Keys whose value is for people. */
const WORDING_KEYS = new Set(['title', 'description', 'message', 'prompt'])

const YAML = new RegExp(
  [
    '(?<break>\\r?\\n)(?<indent> *)',
    '(?<blank>[ \\t]+)',
    '(?<open>\\$\\{)',
    '(?<key>[A-Za-z_$][\\w-]*)(?=:(?:\\s|$))',
    '(?<word>[A-Za-z0-9_^~<>=](?:[\\w./@^~<>=-]*\\w)?)',
    '(?<sign>.)',
  ].join('|'),
  'y',
)

const EXPRESSION = new RegExp(
  [
    '(?<blank>\\s+)',
    '(?<string>"[^"]*")',
    '(?<number>\\d+(?:\\.\\d+)?)',
    '(?<function>\\$[A-Za-z_]\\w*)',
    '(?<operator>\\b(?:and|or|in)\\b)',
    '(?<word>\\b(?:true|false|null)\\b)',
    '(?<reference>[A-Za-z_]\\w*|\\${1,2})',
    '(?<bracket>[()[\\]{}])',
    '(?<sign>:=|!=|<=|>=|\\?\\?|\\?:|\\.\\.|~>|.)',
  ].join('|'),
  'y',
)

/** All tokens in order; blanks inside a line are none. */
export function tokensOf(text: string): readonly Token[] {
  const found: Token[] = []
  let key = ''
  let at = 0
  while (at < text.length) {
    const groups = matchAt(YAML, text, at)
    const whole = groups.whole
    if (groups.break !== undefined) {
      key = ''
      if (groups.indent) found.push({ class: 'indent', text: groups.indent, start: at + groups.break.length })
    } else if (groups.sign === '#' && (at === 0 || /\s/.test(text.charAt(at - 1)))) {
      const end = endOfLine(text, at)
      found.push({ class: 'comment', text: text.slice(at, end), start: at })
      at = end
      continue
    } else if (groups.open !== undefined) {
      found.push({ class: 'bracket', text: groups.open, start: at })
      at = expressionTokens(text, at + groups.open.length, found)
      continue
    } else if (groups.key !== undefined) {
      key = groups.key
      found.push({ class: 'key', text: groups.key, start: at })
    } else if (groups.word !== undefined) found.push({ class: classOfWord(groups.word, key), text: groups.word, start: at })
    else if (groups.sign !== undefined) found.push({ class: 'sign', text: groups.sign, start: at })
    at += whole.length
  }
  return found
}

function classOfWord(word: string, key: string): TokenClass {
  if (WORDING_KEYS.has(key)) return 'wording'
  if (ID_KEYS.has(key)) return 'id'
  if (/^\d+(ms|s|m|h|d)$/.test(word)) return 'duration'
  if (/^\d+\.\d+\.\d+$/.test(word)) return 'version'
  if (/^\d+$/.test(word)) return 'number'
  return /[/@]/.test(word) ? 'name' : 'word'
}

/** Up to and with the brace that closes; answers the offset behind it. */
function expressionTokens(text: string, from: number, found: Token[]): number {
  let at = from
  let depth = 0
  while (at < text.length && text.charAt(at) !== '\n') {
    const { whole, blank, sign, bracket, ...named } = matchAt(EXPRESSION, text, at)
    if (bracket === '{') depth += 1
    if (bracket === '}') depth -= 1
    const [kind] = Object.entries(named).find(([, value]) => value !== undefined) ?? [
      bracket === undefined ? 'operator' : 'bracket',
    ]
    if (blank === undefined) found.push({ class: kind as TokenClass, text: whole, start: at })
    at += whole.length
    if (depth < 0) return at
  }
  return at
}

function matchAt(
  pattern: RegExp,
  text: string,
  at: number,
): Readonly<Record<string, string | undefined>> & { readonly whole: string } {
  pattern.lastIndex = at
  const match = pattern.exec(text)
  return { ...match?.groups, whole: match?.[0] ?? text.charAt(at) }
}

const endOfLine = (text: string, at: number): number => {
  const end = text.indexOf('\n', at)
  return end === -1 ? text.length : end
}
