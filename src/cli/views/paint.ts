// Colours, for terminals only.
import type { Line } from './words.ts'

/** Select Graphic Rendition, ECMA-48 8.3.117. */
const SGR: Readonly<Record<Line['tone'], string>> = { plain: '', good: '32', bad: '31', warning: '33', faint: '2' }

export const paint = ({ text, tone }: Pick<Line, 'text' | 'tone'>, colour: boolean): string =>
  colour && SGR[tone] ? `\u001b[${SGR[tone]}m${text}\u001b[0m` : text
