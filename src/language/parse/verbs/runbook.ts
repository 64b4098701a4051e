// runbook: call another runbook.
import { identifier, ids, mapOf, optional, spanned, text } from '../shape.ts'
import { callArguments } from '../values.ts'
import { verb } from './verb.ts'

const CALL =
  /^([a-z0-9][a-z0-9-]*\/[a-z0-9][a-z0-9-]*)@((?:[\^~]|>=|<=|>|<|=)?\s*\d[^\s]*(?:\s+(?:[\^~]|>=|<=|>|<|=)?\s*\d[^\s]*)*)$/

export const runbook = verb(
  'runbook',
  'Runs another runbook as a part of this one: its name, @, a version range. What its own steps acquire belongs to the scope around.',
  spanned(text('a runbook and a version range, such as sangfor-scp/vm-backup@^1.0.0', CALL)),
  {
    with: optional(callArguments, 'Arguments of the action, or inputs of the runbook. Any of them may be or hold expressions.'),
    targets: optional(
      mapOf(spanned(identifier('a target')), 'a map of targets', ids('a target')),
      'Target of this runbook by the name under which the other one knows it. Default: the target of the same name.',
    ),
  },
  ({ value, span }, { with: inputs, targets = [] }, base) => {
    const [, name = '', range = ''] = CALL.exec(value) ?? []
    return {
      kind: 'runbook',
      ...base,
      runbook: name,
      range,
      runbookSpan: span,
      with: inputs ?? { kind: 'map', entries: [], span },
      targets: targets.map(({ name, nameSpan, value }) => ({ name, nameSpan, target: value.value, targetSpan: value.span })),
    }
  },
)
