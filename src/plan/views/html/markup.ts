// HTML as values: whatever is put into a template is escaped, unless it was made by one.
import { printable } from '../../../values/index.ts'

export interface Markup {
  readonly markup: string
}

type Part = Markup | string | number | undefined | readonly (Markup | string)[]

/** A tagged template. Lists are joined; text is escaped for content and for quoted attributes alike; nothing is put elsewhere. */
export const html = (texts: TemplateStringsArray, ...parts: readonly Part[]): Markup => ({
  markup: texts.map((text, index) => `${text}${markupOf(parts[index])}`).join(''),
})

function markupOf(part: Part): string {
  if (part === undefined) return ''
  if (typeof part === 'number') return String(part)
  if (typeof part === 'string') return escaped(part)
  return 'markup' in part ? part.markup : part.map(markupOf).join('')
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text that is no character of HTML (a lone surrogate, a noncharacter) is shown as unknown. */
const escaped = (text: string): string =>
  printable(text.toWellFormed())
    .replace(/\p{Noncharacter_Code_Point}/gu, '�')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
