// foreach: one scope per item of a list.
import * as codes from '../../codes/index.ts'
import { blockKeys, type StepShape, toBlock } from '../block.ts'
import { identifier, integerFrom, mapped, object, oneOf, optional, required, type Spanned, spanned } from '../shape.ts'
import { list, message, templated } from '../values.ts'
import { verb } from './verb.ts'

const RESERVED_NAMES = ['inputs', 'targets', 'steps', 'run', 'result', 'error'] as const

const loopVariable = mapped(spanned(identifier('a loop variable')), ({ value, span }: Spanned<string>, _, to) => {
  if (RESERVED_NAMES.some((name) => name === value)) to.diagnostics.push(codes.nameReserved(span, value))
  return value
})

export const foreach = (step: StepShape) =>
  verb(
    'foreach',
    'Runs its steps once per item, each time in a scope of its own.',
    mapped(
      object('foreach', {
        in: required(list, 'The items: an expression that yields a list.'),
        as: required(loopVariable, 'Name of the item in expressions.'),
        key: required(message, 'Tells the items apart, in paths and results: ${ vm.id }. Unique within the loop.'),
        ...blockKeys(step),
        concurrency: optional(
          templated(integerFrom(1, 'a number of items, 1 or more')),
          'How many items run at the same time. Default 1.',
        ),
        onError: optional(
          oneOf('fail', 'collect'),
          'fail (default): the first failed item ends the loop. collect: all items run; outputs ok and failed, each a list of {key, value} or {key, error}.',
        ),
      }),
      (read, node) => ({ read, node }),
    ),
    {},
    ({ read, node }, _, base) => ({
      kind: 'foreach',
      ...base,
      in: read.in,
      as: read.as,
      key: read.key,
      ...(read.concurrency ? { concurrency: read.concurrency } : {}),
      onError: read.onError ?? 'fail',
      body: toBlock(read, node),
    }),
  )
