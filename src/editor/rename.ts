// Renames a step wherever it is named: its id, references in expressions, `owner` and `end`.
import type { Span } from '../diagnostics/index.ts'
import { checkRunbook, parseRunbook } from '../language/index.ts'
import type { Reading } from './reading.ts'
import { mentionAt, mentionsIn, sameThing } from './things.ts'

export interface Edit {
  readonly span: Span
  readonly text: string
}

export type Renamed = { readonly edits: readonly Edit[] } | { readonly refused: string }

/** The step's name at the offset, if one stands there. */
export function renamable(reading: Reading, offset: number): Span | undefined {
  const mention = mentionAt(reading, offset)
  return mention?.thing.kind === 'step' ? mention.span : undefined
}

export function rename(reading: Reading, offset: number, name: string): Renamed {
  const mention = mentionAt(reading, offset)
  if (mention?.thing.kind !== 'step') return { refused: 'Only ids of steps can be renamed.' }
  if (!/^[a-z][A-Za-z0-9]*$/.test(name))
    return { refused: `${JSON.stringify(name)} cannot be a step id: ids start with a small letter and hold letters and digits.` }
  const { thing } = mention
  const spans = mentionsIn(reading)
    .filter((each) => sameThing(each.thing, thing))
    .map(({ span }) => span)
  const strange = spans.find((span) => !isWritten(reading.text, span, thing.step.id))
  if (strange) return { refused: `${thing.step.id} is written in a way here that cannot be changed safely; change it by hand.` }
  const edits = spans.map((span): Edit => ({ span, text: quoted(reading.text, span, name) }))
  return takenBy(reading, edits) ? { refused: `Another step that is visible there is called ${name}.` } : { edits }
}

const written = (text: string, { start, end }: Span): string => text.slice(start, end)
const isWritten = (text: string, span: Span, id: string): boolean => /^([`"']?)(.*)\1$/.exec(written(text, span))?.[2] === id
const quoted = (text: string, span: Span, name: string): string => written(text, span).replace(/^([`"']?).*\1$/, `$1${name}$1`)

/** Another step would lose its name to this one. */
function takenBy({ file, text, view }: Reading, edits: readonly Edit[]): boolean {
  const taken = (source: string): number => {
    const { draft } = parseRunbook(source, file)
    return draft
      ? checkRunbook(draft.runbook, view.catalogue, draft.broken).filter(({ code }) => code === 'STEP_ID_TAKEN').length
      : 0
  }
  return taken(edited(text, edits)) > taken(text)
}

/** The text with the edits made. */
export function edited(text: string, edits: readonly Edit[]): string {
  return edits
    .toSorted((a, b) => b.span.start - a.span.start)
    .reduce((made, { span, text: instead }) => made.slice(0, span.start) + instead + made.slice(span.end), text)
}
