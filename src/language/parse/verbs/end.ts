// end: release early.
import { identifier, spanned } from '../shape.ts'
import { verb } from './verb.ts'

export const end = verb(
  'end',
  'Releases early what an earlier step acquired: the id of that step.',
  spanned(identifier('a step')),
  {},
  ({ value, span }, _, base) => ({ kind: 'end', ...base, step: value, stepSpan: span }),
)
