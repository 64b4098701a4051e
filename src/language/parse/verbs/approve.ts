// approve: a gate that a person opens.
import { object, optional, required, spanned } from '../shape.ts'
import { duration, message, names, schema } from '../values.ts'
import { verb } from './verb.ts'

export const approve = verb(
  'approve',
  'Asks people, and goes on when one of them grants it. The question survives a restart; `holdfast approve` answers it.',
  object('approve', {
    prompt: required(message, 'What is asked, for people.'),
    inputs: optional(
      spanned(schema),
      'JSON Schema (2020-12), of type object, of what the answer has to say; steps.<id>.inputs holds it.',
    ),
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
