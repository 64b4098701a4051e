// Values that steer a step are there and have the type that the step needs, as far as it is known.
import type { Diagnostic } from '../../diagnostics/index.ts'
import * as codes from '../codes/index.ts'
import type { ExpressionTemplate, Step, Template } from '../model.ts'
import { describe, type Kind, kindsOf, mayBeAbsent, type Type } from '../types/index.ts'
import { inferred, typeOf } from './inference.ts'
import type { Sight, Survey } from './survey.ts'

interface Need {
  readonly template: Template | undefined
  readonly kinds: readonly Kind[]
  /** Completes "… is needed". */
  readonly what: string
}

const TRUTH = { kinds: ['boolean'], what: 'true or false' } as const
const TEXT = { kinds: ['string'], what: 'text' } as const
const WORD = { kinds: ['string', 'number'], what: 'text or a number' } as const
const COUNT = { kinds: ['number'], what: 'a number' } as const
const NAMES = { kinds: ['string', 'array'], what: 'a name or a list of names' } as const
/** One thing counts as a list of it. */
const LIST = { kinds: ['array', 'object'], what: 'a list' } as const

export function checkValueTypes({ visits, sites }: Survey): readonly Diagnostic[] {
  const sightOf = new Map(sites.map(({ template, sight }) => [template, sight]))
  return visits.flatMap(({ step }) =>
    needsOf(step).flatMap(({ template, kinds, what }) => {
      const sight = template && sightOf.get(template)
      if (!sight) return []
      const type = typeOf(template, sight)
      if (lacksValue(template, type, what === LIST.what, sight))
        return [codes.absentPossible(template.span, 'needed', template.source)]
      const has = kindsOf(type)
      return type.any || has.length === 0 || has.some((kind) => kinds.includes(kind))
        ? []
        : [codes.typeMismatch(template.span, what, describe(type))]
    }),
  )
}

/** A value that may be absent where one is needed, unless the reason for it has been told already. No items are an empty list. */
export function lacksValue(template: Template, type: Type, list: boolean, sight: Sight): template is ExpressionTemplate {
  if (template.kind !== 'expression' || !mayBeAbsent(type) || (list && type.absent === 'empty')) return false
  return !inferred(template, sight).findings.some(({ kind }) => kind !== 'mismatch')
}

function needsOf(step: Step): readonly Need[] {
  const guard: Need = { template: step.if, ...TRUTH }
  switch (step.kind) {
    case 'uses':
      return [guard, { template: step.until, ...TRUTH }]
    case 'scope':
      return [guard, { template: step.lock, ...TEXT }, { template: step.onDirtyClose, ...TEXT }]
    case 'foreach':
      return [guard, { template: step.in, ...LIST }, { template: step.key, ...WORD }, { template: step.concurrency, ...COUNT }]
    case 'switch':
      return [guard, { template: step.on, kinds: [...WORD.kinds, 'boolean'], what: 'text' }]
    case 'wait':
      return [guard, { template: step.value, ...TEXT }]
    case 'approve':
      return [guard, { template: step.prompt, ...TEXT }, { template: step.by, ...NAMES }]
    case 'fail':
      return [guard, { template: step.message, ...TEXT }]
    case 'parallel':
    case 'runbook':
    case 'end':
      return [guard]
  }
}
