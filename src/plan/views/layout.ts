// Lines for a terminal: toned pieces, wrapped to a width with a hanging indent. Nothing that a plan quotes can steer the terminal.
import { printable, textWidth } from '../../values/index.ts'

export type Tone = 'plain' | 'strong' | 'faint' | 'good' | 'notice' | 'caution' | 'grave'

export interface Piece {
  readonly text: string
  readonly tone?: Tone
}

export interface Row {
  /** Before the first line, and before each line that follows from wrapping. Of the same width. */
  readonly lead: readonly Piece[]
  readonly hang: string
  readonly body: readonly Piece[]
}

/** Select Graphic Rendition, ECMA-48 8.3.117. */
const SGR: Readonly<Record<Tone, string>> = {
  plain: '',
  strong: '1',
  faint: '2',
  good: '32',
  notice: '36',
  caution: '33',
  grave: '1;31',
}

/** Columns that the text of a row gets at least, however deep it stands. */
const LEAST_COLUMNS = 24

/** No line is wider than `width` columns, from 40 on. */
export function layOut(row: Row, width: number, colour: boolean): readonly string[] {
  const room = Math.max(0, width - LEAST_COLUMNS)
  const hang = fitting(row.hang, room)
  const lines: Piece[][] = [[]]
  let column = textWidth(hang)
  const start = column
  for (const { text, tone, spaces } of wordsIn(row.body)) {
    for (const [index, part] of breakUp(text, width - start).entries()) {
      const gap = index === 0 ? spaces : 0
      const fits = column + gap + textWidth(part) <= width
      if (!fits) {
        lines.push([])
        column = start
      }
      const lead = fits && (column > start || lines.length === 1) ? ' '.repeat(gap) : ''
      lines.at(-1)?.push({ text: `${lead}${part}`, tone })
      column += lead.length + textWidth(part)
    }
  }
  return lines.map((line, index) => {
    const before = index === 0 ? leadPieces(row.lead, room) : [{ text: hang, tone: 'faint' as const }]
    return paintAll([...before, ...line], colour)
  })
}

interface Word extends Required<Piece> {
  readonly spaces: number
}

/** Words with the spaces before them, though these end the piece before. */
function wordsIn(pieces: readonly Piece[]): readonly Word[] {
  let before = 0
  return pieces.flatMap(({ text, tone = 'plain' }) => {
    const clean = printable(text)
    const words = Array.from(clean.matchAll(/( *)([^ ]+)/g), ([, gap = '', word = ''], index) => ({
      text: word,
      tone,
      spaces: gap.length + (index === 0 ? before : 0),
    }))
    const trailing = clean.length - clean.trimEnd().length
    before = words.length === 0 ? before + clean.length : trailing
    return words
  })
}

/** A word that is too wide for a line, in parts: after a separator where there is one, else anywhere between characters. */
function breakUp(word: string, columns: number): readonly string[] {
  if (textWidth(word) <= columns) return [word]
  const parts = word.split(/(?<=[/,=&?])/u).flatMap((part) => (textWidth(part) <= columns ? [part] : characters(part)))
  const lines: string[] = ['']
  for (const part of parts) {
    const joined = `${lines.at(-1) ?? ''}${part}`
    if (textWidth(joined) <= columns) lines[lines.length - 1] = joined
    else lines.push(part)
  }
  return lines.filter((line) => line !== '')
}

const characters = (text: string): readonly string[] => Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment)

function fitting(text: string, columns: number): string {
  return textWidth(text) <= columns ? text : text.slice(0, columns)
}

function leadPieces(pieces: readonly Piece[], columns: number): readonly Piece[] {
  let left = columns
  return pieces.map(({ text, ...piece }) => {
    const kept = fitting(text, left)
    left -= textWidth(kept)
    return { ...piece, text: kept }
  })
}

function paintAll(pieces: readonly Piece[], colour: boolean): string {
  const runs: Required<Piece>[] = []
  for (const { text, tone = 'plain' } of pieces) {
    const last = runs.at(-1)
    if (last && (last.tone === tone || text.trim() === '')) runs[runs.length - 1] = { tone: last.tone, text: last.text + text }
    else runs.push({ text, tone })
  }
  const painted = runs.map(({ text, tone }) => (colour && SGR[tone] !== '' && text.trim() !== '' ? paint(tone, text) : text))
  return painted.join('').trimEnd()
}

function paint(tone: Tone, text: string): string {
  const bare = text.trimEnd()
  return `\u001b[${SGR[tone]}m${bare}\u001b[0m${text.slice(bare.length)}`
}

export const widthOf = (text: string): number => textWidth(printable(text))
