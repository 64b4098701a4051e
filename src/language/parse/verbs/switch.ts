// switch: one of several blocks, chosen by a word.
import { blockShape, type StepShape } from '../block.ts'
import { mapOf, object, optional, required } from '../shape.ts'
import { message } from '../values.ts'
import { verb } from './verb.ts'

export const switchVerb = (step: StepShape) =>
  verb(
    'switch',
    'Runs the case that the value names, in a scope of its own.',
    object('switch', {
      on: required(message, 'The value to choose by: an expression that yields text.'),
      cases: required(
        mapOf(blockShape(step, 'a case'), 'a map of cases', undefined, 1),
        'A block for each value, with steps and yield.',
      ),
      else: optional(blockShape(step, 'else'), 'The block for every other value. Without it, another value fails the step.'),
    }),
    {},
    (read, _, base) => ({
      kind: 'switch',
      ...base,
      on: read.on,
      cases: read.cases.map(({ name, nameSpan, value }) => ({ value: name, valueSpan: nameSpan, body: value })),
      ...(read.else ? { else: read.else } : {}),
    }),
  )
