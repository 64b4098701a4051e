// What can be read of a text that is not valid YAML: the parts that are not are set aside, step by step, and the rest must be whole.
// Parts are told by their indentation alone, for a parser that has lost its way says little about where it still knew it.

/** Offsets in the text: half open. */
interface Stretch {
  readonly start: number
  readonly end: number
}

/** A part that is not valid YAML: of a list of steps, or an entry of the document. */
export type Hole = Stretch & ({ readonly kind: 'step' } | { readonly kind: 'entry'; readonly key: string })

export interface SetAside {
  /** The text with each hole blanked out, but for the id or the key it begins with: every offset is what it was. */
  readonly text: string
  readonly holes: readonly Hole[]
}

interface Line extends Stretch {
  readonly text: string
  /** Blanks before the first character; undefined of a line that says nothing. How deep a tab stands nobody knows: in what is above it. */
  readonly indent: number | undefined
}

interface Part {
  readonly lines: readonly Line[]
  /** What it is once it is set aside, and what of it stays; undefined of what may not be set aside alone. */
  readonly hole?: Hole & { readonly left: readonly Stretch[] }
}

/**
 * Undefined where no set of parts can be found without which the text is whole. `isWhole` says whether a text is valid YAML, `keys` which
 * entries the document may have.
 */
export function setAside(text: string, keys: readonly string[], isWhole: (text: string) => boolean): SetAside | undefined {
  const lines = linesOf(text)
  const parts = entriesOf(lines)
  if (parts.some((part) => part.lines.slice(1).some(isStray))) return undefined
  const found = mended(text, parts, { start: 0, end: text.length }, isWhole)
  return found && !isTorn(parts, found.holes, keys) ? found : undefined
}

/** Whether an entry that is not valid may have been torn: then what was torn off begins with no key of the document, or with one that was there before. */
function isTorn(entries: readonly Part[], holes: readonly Hole[], keys: readonly string[]): boolean {
  const names = entries.map(({ hole }) => (hole?.kind === 'entry' ? hole.key : ''))
  const isStrange = (at: number): boolean => !keys.includes(names[at] ?? '') || names.indexOf(names[at] ?? '') < at
  return entries.some(({ lines }, at) => {
    const { start, end } = stretchOf(lines)
    const isHurt = holes.some((hole) => start <= hole.start && hole.start < end)
    return isHurt && (isStrange(at) || (at + 1 < entries.length && isStrange(at + 1)))
  })
}

/** Of this stretch of the text, with its unsound parts set aside. */
function mended(
  text: string,
  parts: readonly Part[],
  { start, end }: Stretch,
  isWhole: (text: string) => boolean,
): SetAside | undefined {
  const holes: Hole[] = []
  let rest = ''
  let from = start
  for (const part of parts) {
    const at = stretchOf(part.lines)
    const own = text.slice(at.start, at.end)
    if (isWhole(own)) continue
    const without = mended(text, stepsIn(part.lines), at, isWhole) ?? (part.hole && blanked(text, at, part.hole))
    if (!without) return undefined
    rest += text.slice(from, at.start) + without.text
    holes.push(...without.holes)
    from = at.end
  }
  rest += text.slice(from, end)
  return holes.length > 0 && isWhole(rest) ? { text: rest, holes } : undefined
}

function blanked(text: string, at: Stretch, { left, ...hole }: Hole & { readonly left: readonly Stretch[] }): SetAside {
  let kept = ''
  let from = at.start
  for (const stretch of left) {
    kept += blank(text.slice(from, stretch.start)) + text.slice(stretch.start, stretch.end)
    from = stretch.end
  }
  return { text: kept + blank(text.slice(from, at.end)), holes: [hole] }
}

const blank = (text: string): string => text.replaceAll(/[^\r\n]/g, ' ')

// ---- parts --------------------------------------------------------------------------------------------------------

function linesOf(text: string): readonly Line[] {
  let start = 0
  return text.split('\n').map((line) => {
    const blanks = /^[ \t]*(?![ \t\r]|$|#)/.exec(line)?.[0]
    const indent = blanks?.includes('\t') ? Number.POSITIVE_INFINITY : blanks?.length
    const made = { start, end: Math.min(start + line.length + 1, text.length), text: line, indent }
    start += line.length + 1
    return made
  })
}

const stretchOf = (lines: readonly Line[]): Stretch => ({ start: lines[0]?.start ?? 0, end: lines.at(-1)?.end ?? 0 })

const KEY = /^\uFEFF?([A-Za-z][\w-]*):(?=\s|$)/

/** Lines up to the next that starts a part; what stands before the first is in none. */
function split(lines: readonly Line[], starts: (line: Line) => boolean): readonly (readonly Line[])[] {
  const parts: Line[][] = []
  for (const line of lines) {
    if (starts(line)) parts.push([line])
    else parts.at(-1)?.push(line)
  }
  return parts
}

/** At the margin stands what goes on in no entry: another document, or what has been torn off. */
const isStray = ({ indent, text }: Line): boolean => indent === 0 && !/^(?:- |[\]}])/.test(text)

/** Entries of a document that is a map. */
function entriesOf(lines: readonly Line[]): readonly Part[] {
  return split(lines, ({ text }) => KEY.test(text)).map((own) => {
    const { start, end } = stretchOf(own)
    const [head = '', key = ''] = KEY.exec(own[0]?.text ?? '') ?? []
    return { lines: own, hole: { kind: 'entry', key, start, end, left: [{ start, end: start + head.length }] } }
  })
}

const STEPS = /^((?:[ \t]|- )*)steps:[ \t\r]*(?:#.*)?$/

/** Items of the outermost lists of steps. */
function stepsIn(lines: readonly Line[]): readonly Part[] {
  const found: Part[] = []
  for (let at = 0; at < lines.length; at += 1) {
    const head = STEPS.exec(lines[at]?.text ?? '')
    if (!head) continue
    const below = lines.slice(at + 1)
    const column = below.find(({ indent }) => indent !== undefined)?.indent ?? 0
    const isItem = ({ indent, text }: Line): boolean => indent === column && /^-(?=\s|$)/.test(text.slice(column))
    const end = below.findIndex((line) => line.indent !== undefined && line.indent <= column && !isItem(line))
    const list = end === -1 ? below : below.slice(0, end)
    const items = column < (head[1]?.length ?? 0) ? [] : split(list, isItem)
    const isLast = (index: number): boolean => column > 2 && index === items.length - 1
    found.push(...items.map((own, index) => ({ lines: own, ...holeOf(own, column, isLast(index), items[index - 1] ?? []) })))
    at += list.length
  }
  return found
}

/** `id: x`, alone on its line or first in braces. */
const ID = /^(?:\{ *)?(id: +[a-z][A-Za-z0-9]*)(?= *(?:#.*)?\r?$| *,)/
/** Keys that stand beside steps, and a step that begins in the line of another. */
const OF_A_BLOCK =
  /^[ \t]*(?:- )?(?:yield|catch|max|lock|onDirtyClose|concurrency|onError|steps|else|key|as|in|on):|[^\s-].*- id:/

/** `isLast` of a list within a block: what comes next in the block, indented too far, would be taken for a part of it. */
function holeOf(lines: readonly Line[], column: number, isLast: boolean, before: readonly Line[]): Pick<Part, 'hole'> {
  const [first, ...others] = lines
  const holdsMore = lines.some(({ text }) => OF_A_BLOCK.test(text)) || others.some(({ text }) => /^\s*- id:/.test(text))
  // Nor alone where the step before it was to hold it.
  if (!first || (isLast && holdsMore) || /:\s*$/.test(before.findLast(({ indent }) => indent !== undefined)?.text ?? ''))
    return {}
  const inside = first.text.slice(column + 1).search(/[^ ]/) + column + 1
  const named = lines.findIndex((line) => (line === first || line.indent === inside) && ID.test(line.text.slice(inside)))
  const line = lines[named]
  const next = lines.slice(named + 1).find(({ indent }) => indent !== undefined)
  // What has no name may be what was torn off the step before it.
  if (!line || (next && !/^\s*[a-z]\w*:(?:\s|$)/i.test(next.text))) return {}
  const [matched = '', kept = ''] = ID.exec(line.text.slice(inside)) ?? []
  const at = line.start + inside + matched.length - kept.length
  const dash = { start: first.start + column, end: first.start + column + 1 }
  return { hole: { kind: 'step', ...stretchOf(lines), left: [dash, { start: at, end: at + kept.length }] } }
}
