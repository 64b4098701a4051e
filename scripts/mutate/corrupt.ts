// One token of a text made wrong in the ways in which people do it. Every draw comes from the seed.
import { type Token, type TokenClass, tokensOf } from './tokens.ts'

export type Corruption = 'delete' | 'duplicate' | 'misspell' | 'swap'

export const CORRUPTIONS: readonly Corruption[] = ['delete', 'duplicate', 'misspell', 'swap']

export interface Mutant {
  readonly file: string
  readonly corruption: Corruption
  readonly class: TokenClass
  /** Offset of the token in the file. */
  readonly start: number
  readonly from: string
  readonly to: string
  readonly text: string
}

/** Numbers from 0 up to, but not, 1. */
export type Random = () => number

/** Mulberry32: small, and the same on every machine. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export interface Source {
  readonly file: string
  readonly text: string
}

/** Draws mutants for ever: any token of any file, all alike, and then any way to spoil it that applies. */
export function* mutants(sources: readonly Source[], random: Random): Generator<Mutant, never> {
  const places = sources.flatMap((source) => {
    const tokens = tokensOf(source.text)
    return tokens.map((token) => ({ source, token, tokens }))
  })
  while (true) {
    const { source, token, tokens } = pick(places, random)
    const corruption = pick(CORRUPTIONS, random)
    const to = corrupted(corruption, token, tokens, random)
    if (to === undefined || to === token.text) continue
    const { file, text } = source
    const { start, text: from } = token
    yield {
      file,
      corruption,
      class: token.class,
      start,
      from,
      to,
      text: text.slice(0, start) + to + text.slice(start + from.length),
    }
  }
}

function corrupted(corruption: Corruption, token: Token, tokens: readonly Token[], random: Random): string | undefined {
  switch (corruption) {
    case 'delete':
      return ''
    case 'duplicate':
      return /^\w.*\w$|^\w$/.test(token.text) ? `${token.text} ${token.text}` : token.text + token.text
    case 'misspell':
      return misspelt(token.text, random)
    case 'swap': {
      const others = tokens.filter((each) => each.class === token.class && each.text !== token.text)
      return others.length === 0 ? undefined : pick(others, random).text
    }
    default:
      return corruption satisfies never
  }
}

/** Letters, digits and signs by the key that they are on, a row after the other (US layout). */
const ROWS = ['`1234567890-=', ' qwertyuiop[]', " asdfghjkl;'", ' zxcvbnm,./'] as const
const SHIFTED = ['~!@#$%^&*()_+', ' QWERTYUIOP{}', ' ASDFGHJKL:"', ' ZXCVBNM<>?'] as const

/** One character, hit beside its key; of blanks, one too many or too few. */
function misspelt(text: string, random: Random): string | undefined {
  if (/^ +$/.test(text)) return random() < 0.5 ? text.slice(1) : `${text} `
  const at = Math.floor(random() * text.length)
  const beside = neighbours(text.charAt(at))
  return beside.length === 0 ? undefined : text.slice(0, at) + pick(beside, random) + text.slice(at + 1)
}

function neighbours(character: string): readonly string[] {
  for (const rows of [ROWS, SHIFTED]) {
    for (const [row, keys] of rows.entries()) {
      const column = character === ' ' ? -1 : keys.indexOf(character)
      if (column === -1) continue
      const near = [
        [row, column - 1],
        [row, column + 1],
        [row - 1, column],
        [row - 1, column + 1],
        [row + 1, column - 1],
        [row + 1, column],
      ] as const
      return near.map(([y, x]) => rows[y]?.charAt(x) ?? '').filter((key) => key !== '' && key !== ' ')
    }
  }
  return []
}

function pick<T>(all: readonly T[], random: Random): T {
  const one = all[Math.floor(random() * all.length)]
  if (one === undefined) throw new Error('nothing to choose from')
  return one
}
