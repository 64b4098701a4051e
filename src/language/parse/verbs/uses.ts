// uses: call an action.
import * as codes from '../../codes/index.ts'
import type { RetryPolicy } from '../../model.ts'
import { identifier, integerFrom, mapped, numberFrom, object, oneOf, optional, required, spanned, text } from '../shape.ts'
import { callArguments, condition, duration } from '../values.ts'
import { verb } from './verb.ts'

const ACTION = /^[a-z][A-Za-z0-9]*\/[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z][A-Za-z0-9]*)*$/

const retry = mapped(
  object('retry', {
    attempts: required(integerFrom(1, 'a number of attempts, 1 or more'), 'Tries in all, the first one counted.'),
    delay: optional(duration, 'Wait before the second try. Default 1s.'),
    factor: optional(numberFrom(1, 'a factor of 1 or more'), 'Each wait is this times the one before. Default 2.'),
    maxDelay: optional(duration, 'No wait is longer than this. Default 30s.'),
  }),
  ({ attempts, delay = 1000, factor = 2, maxDelay = 30_000 }): RetryPolicy => ({
    attempts,
    delayMs: delay,
    factor,
    maxDelayMs: maxDelay,
  }),
)

export const uses = verb(
  'uses',
  'Calls an action: alias of its pack, a slash, its name. Such as scp/groupSnapshot.create.',
  spanned(text('an action such as core/assert', ACTION)),
  {
    with: optional(callArguments, 'Arguments of the action, or inputs of the runbook. Any of them may be or hold expressions.'),
    timeout: optional(duration, "Longest that one attempt may take. Default: the action's own."),
    retry: optional(retry, 'How often to try again after a failure that allows it.'),
    until: optional(
      condition,
      'Calls the action again and again until this is true; root result is its output. For read actions.',
    ),
    every: optional(duration, 'With until: the pause between two calls.'),
    stall: optional(duration, 'Fails the call when it makes no progress for this long.'),
    owner: optional(
      spanned(identifier('a scope')),
      'Id of the enclosing scope that owns what is acquired. Default: the innermost.',
    ),
    release: optional(
      oneOf('always', 'onFailure'),
      'When what was acquired is released: always (default), or onFailure to keep it if its scope ends well.',
    ),
  },
  ({ value: action, span: actionSpan }, beside, base, to) => {
    const { with: args, timeout, retry, until, every, stall, owner, release } = beside
    if (until && every === undefined) to.diagnostics.push(codes.pollIncomplete(until.span, 'until', 'every'))
    if (!until && every !== undefined) to.diagnostics.push(codes.pollIncomplete(base.idSpan, 'every', 'until'))
    return {
      kind: 'uses',
      ...base,
      action,
      actionSpan,
      with: args ?? { kind: 'map', entries: [], span: actionSpan },
      ...(timeout === undefined ? {} : { timeoutMs: timeout }),
      ...(retry ? { retry } : {}),
      ...(until ? { until } : {}),
      ...(every === undefined ? {} : { everyMs: every }),
      ...(stall === undefined ? {} : { stallMs: stall }),
      ...(owner ? { owner: owner.value, ownerSpan: owner.span } : {}),
      ...(release ? { release } : {}),
    }
  },
)
