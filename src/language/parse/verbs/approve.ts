// approve: a gate that a person opens.
import type { JsonSchema } from '../../../values/index.ts'
import * as codes from '../../codes/index.ts'
import { mapped, object, optional, required, type Shape, type Spanned, spanned } from '../shape.ts'
import { duration, message, names, schema } from '../values.ts'
import { verb } from './verb.ts'

/** What is answered is journalled and printed. [P11] */
const answer: Shape<Spanned<JsonSchema>> = mapped(spanned(schema), (read, _, to) => {
  if (!JSON.stringify(read.value).includes('"x-secret":true')) return read
  to.diagnostics.push(codes.valueInvalid(read.span, 'no x-secret here: answers are journalled and printed'))
  return undefined
})

export const approve = verb(
  'approve',
  'Asks people, and goes on when one of them grants it. The question survives a restart; `holdfast approve` answers it.',
  object('approve', {
    prompt: required(message, 'What is asked, for people.'),
    inputs: optional(answer, 'JSON Schema (2020-12), of type object, of what the answer has to say; steps.<id>.inputs holds it.'),
    timeout: optional(duration, 'How long the question stands; then the step fails with approvalTimedOut. Default: for ever.'),
    by: optional(names, 'Who may answer: a name or a list of names. A record, not an authentication. Default: anybody.'),
  }),
  {},
  ({ prompt, inputs, timeout, by }, _, base) => ({
    kind: 'approve',
    ...base,
    prompt,
    ...(inputs ? { inputs: inputs.value, inputsSpan: inputs.span } : {}),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    ...(by ? { by } : {}),
  }),
)
