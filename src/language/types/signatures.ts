// JSONata's own functions as data: what each takes and what it yields. Functions whose outcome depends on their arguments'
// types are in `calls.ts`.
import { NUMBER, TEXT, TRUTH, type Type } from './type.ts'

/** Letters as in JSONata's signatures: s text, n number, b boolean, o object, a list (`an` of numbers), f function, x anything. */
type Kinds = 's' | 'n' | 'b' | 'o' | 'a' | 'an' | 'as' | 'ao' | 'f' | 'x' | 'sf' | 'nsb' | 'oa'

export interface Signature {
  readonly parameters: readonly Kinds[]
  /** So many must be given. */
  readonly needed: number
  /** When one too few is given, the first is the context value. */
  readonly context: boolean
  /** Undefined: it depends, see `calls.ts`. */
  readonly result?: Type
  /** `first`: none when there is no first argument. `maybe`: never certain. */
  readonly absent: 'never' | 'first' | 'maybe'
}

interface Row {
  readonly needs: string
  readonly may?: string
  readonly context?: true
  readonly result?: Type
  readonly absent?: Signature['absent']
}

const text = (needs: string, may = ''): Row => ({ needs, may, context: true, result: TEXT })
const number = (needs: string, may = ''): Row => ({ needs, may, context: true, result: NUMBER })
const depends = (needs: string, may = ''): Row => ({ needs, may })

const ROWS: Readonly<Record<string, Row>> = {
  string: text('x', 'b'),
  substring: text('s n', 'n'),
  substringBefore: text('s s'),
  substringAfter: text('s s'),
  lowercase: text('s'),
  uppercase: text('s'),
  trim: text('s'),
  pad: text('s n', 's'),
  replace: text('s sf sf', 'n'),
  join: { needs: 'as', may: 's', result: TEXT },
  formatNumber: text('n s', 'o'),
  formatBase: text('n', 'n'),
  formatInteger: text('n s'),
  base64encode: text('s'),
  base64decode: text('s'),
  encodeUrlComponent: text('s'),
  encodeUrl: text('s'),
  decodeUrlComponent: text('s'),
  decodeUrl: text('s'),
  fromMillis: text('n', 's s'),
  type: { needs: 'x', result: TEXT },
  now: { needs: '', may: 's s', result: TEXT, absent: 'never' },
  length: number('s'),
  number: number('nsb'),
  parseInteger: { needs: 's s', context: true, result: NUMBER, absent: 'maybe' },
  toMillis: { needs: 's', may: 's', context: true, result: NUMBER, absent: 'maybe' },
  floor: number('n'),
  ceil: number('n'),
  round: number('n', 'n'),
  abs: number('n'),
  sqrt: number('n'),
  power: number('n n'),
  random: { needs: '', result: NUMBER, absent: 'never' },
  millis: { needs: '', result: NUMBER, absent: 'never' },
  count: { needs: 'a', result: NUMBER, absent: 'never' },
  sum: { needs: 'an', result: NUMBER },
  boolean: { needs: 'x', context: true, result: TRUTH },
  not: { needs: 'x', context: true, result: TRUTH },
  contains: { needs: 's sf', context: true, result: TRUTH },
  exists: { needs: 'x', result: TRUTH, absent: 'never' },
  max: depends('an'),
  min: depends('an'),
  average: depends('an'),
  split: { ...depends('s sf', 'n'), context: true },
  match: { ...depends('s f', 'n'), context: true },
  keys: { ...depends('x'), context: true },
  lookup: { ...depends('x s'), context: true },
  append: depends('x x'),
  spread: { ...depends('x'), context: true },
  merge: depends('ao'),
  reverse: depends('a'),
  sort: depends('a', 'f'),
  shuffle: depends('a'),
  distinct: depends('x'),
  zip: depends('a', 'a a a a'),
  map: depends('a f'),
  filter: depends('a f'),
  single: depends('a', 'f'),
  reduce: depends('a f', 'x'),
  each: { ...depends('o f'), context: true },
  sift: { ...depends('o f'), context: true },
  assert: depends('b', 's'),
  error: depends('', 's'),
  clone: { ...depends('oa'), context: true },
  eval: depends('s', 'x'),
}

const words = (text: string): readonly Kinds[] => text.split(' ').filter((word): word is Kinds => word !== '')

export const SIGNATURES: ReadonlyMap<string, Signature> = new Map(
  Object.entries(ROWS).map(([name, { needs, may = '', context = false, result, absent = 'first' }]) => [
    name,
    {
      parameters: [...words(needs), ...words(may)],
      needed: words(needs).length,
      context,
      ...(result ? { result } : {}),
      absent,
    },
  ]),
)
