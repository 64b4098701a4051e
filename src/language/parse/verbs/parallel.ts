// parallel: named branches that run at the same time.
import { blockShape, type StepShape } from '../block.ts'
import { ids, mapOf, object, oneOf, optional, required } from '../shape.ts'
import { verb } from './verb.ts'

export const parallel = (step: StepShape) =>
  verb(
    'parallel',
    'Runs named branches at the same time, each in a scope of its own; its output has what each branch yields, by name.',
    object('parallel', {
      branches: required(
        mapOf(blockShape(step, 'a branch'), 'a map of branches', ids('a branch'), 1),
        'The branches by name, each with steps and yield.',
      ),
      onError: optional(
        oneOf('fail', 'collect'),
        'fail (default): the first failed branch cancels the others. collect: all run; outputs ok and failed.',
      ),
    }),
    {},
    ({ branches, onError = 'fail' }, _, base) => ({
      kind: 'parallel',
      ...base,
      branches: branches.map(({ name, nameSpan, value }) => ({ name, nameSpan, body: value })),
      onError,
    }),
  )
