// wait: a timer or a moment.

import * as codes from '../../codes/index.ts'
import type { Template } from '../../model.ts'
import { mapped, object, optional } from '../shape.ts'
import { duration, moment, templated } from '../values.ts'
import { verb } from './verb.ts'

interface Wait {
  readonly mode: 'for' | 'until'
  readonly value: Template
}

export const wait = verb(
  'wait',
  'Waits for a while, or until a moment. The wait survives a restart.',
  mapped(
    object('wait', {
      for: optional(templated(duration), 'How long, such as 90s.'),
      until: optional(templated(moment), 'The moment, ISO 8601: 2026-01-31T22:00:00Z.'),
    }),
    (read, node, to): Wait | undefined => {
      const named: readonly Wait[] = [
        ...(read.for ? [{ mode: 'for' as const, value: read.for }] : []),
        ...(read.until ? [{ mode: 'until' as const, value: read.until }] : []),
      ]
      const [only, another] = named
      const written = node.kind === 'map' ? node.entries.filter(({ key }) => key === 'for' || key === 'until').length : 0
      if (written !== 1) to.diagnostics.push(codes.valueInvalid(node.span, 'either for or until'))
      return another ? undefined : only
    },
  ),
  {},
  ({ mode, value }, _, base) => ({ kind: 'wait', ...base, mode, value }),
)
