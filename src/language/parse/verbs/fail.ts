// fail: raise a typed error.
import { identifier, object, required } from '../shape.ts'
import { message } from '../values.ts'
import { verb } from './verb.ts'

export const fail = verb(
  'fail',
  'Fails the block with a type that a catch can name.',
  object('fail', {
    type: required(identifier('a failure type'), 'The failure type, such as baseExpired.'),
    message: required(message, 'What went wrong, for people.'),
  }),
  {},
  ({ type, message }, _, base) => ({ kind: 'fail', ...base, type, message }),
)
