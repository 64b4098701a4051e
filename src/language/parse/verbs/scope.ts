// scope: a block that bounds time, holds a lock and owns what is acquired in it.

import type { CatchBlock } from '../../model.ts'
import { blockKeys, type StepShape, toBlock } from '../block.ts'
import { listOf, mapped, object, oneOf, optional, type Shape, spanned, text } from '../shape.ts'
import { duration, message, templated } from '../values.ts'
import { verb } from './verb.ts'

const catchBlock = (step: StepShape): Shape<CatchBlock> =>
  mapped(
    object('catch', {
      on: optional(
        listOf(spanned(text('a failure type')), 'a list of failure types', 1),
        'Failure types to catch. Default: every failure but cancellation.',
      ),
      ...blockKeys(step),
    }),
    ({ on, ...body }, node) => ({
      ...(on ? { on: on.map(({ value }) => value), onSpans: on.map(({ span }) => span) } : {}),
      body: toBlock(body, node),
    }),
  )

export const scope = (step: StepShape) =>
  verb(
    'scope',
    'Groups steps and owns what they acquire: at its end everything is released, newest first, whatever happened.',
    mapped(
      object('scope', {
        ...blockKeys(step),
        catch: optional(catchBlock(step), 'Runs when a step failed, after everything has been released; root error.'),
        max: optional(duration, 'Longest that the steps together may take. Releasing has its own time.'),
        lock: optional(message, 'Held while the scope is open; no two runs hold the same lock.'),
        onDirtyClose: optional(
          templated(oneOf('fail', 'accept')),
          'When something held had ended before its release: fail (default), or accept and output clean: false.',
        ),
      }),
      (read, node) => ({ read, node }),
    ),
    {},
    ({ read, node }, _, base) => ({
      kind: 'scope',
      ...base,
      body: toBlock(read, node),
      ...(read.catch ? { catch: read.catch } : {}),
      ...(read.max === undefined ? {} : { maxMs: read.max }),
      ...(read.lock ? { lock: read.lock } : {}),
      onDirtyClose: read.onDirtyClose ?? { kind: 'literal', value: 'fail', span: base.idSpan },
    }),
  )
