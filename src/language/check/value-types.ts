// Values that steer a step have the type that the step needs, where the type is known.
import type { Diagnostic } from '../../diagnostics/index.ts'
import * as codes from '../codes.ts'
import type { Step, Template } from '../model.ts'
import { typeOf } from './static-type.ts'
import type { Survey } from './survey.ts'

interface Need {
  readonly template: Template | undefined
  readonly types: readonly string[]
  /** Completes "… is needed". */
  readonly what: string
}

const TRUTH = { types: ['boolean'], what: 'true or false' }
const TEXT = { types: ['string'], what: 'text' }
const WORD = { types: ['string', 'number', 'integer'], what: 'text or a number' }
const COUNT = { types: ['number', 'integer'], what: 'a number' }
/** One thing counts as a list of it. */
const LIST = { types: ['array', 'object'], what: 'a list' }

export function checkValueTypes({ visits, sites }: Survey): readonly Diagnostic[] {
  const rootsOf = new Map(sites.map(({ template, sight }) => [template, sight.roots]))
  return visits.flatMap(({ step }) =>
    needsOf(step).flatMap(({ template, types, what }) => {
      const roots = template && rootsOf.get(template)
      if (!roots) return []
      const type = typeOf(template, roots)?.type
      return typeof type !== 'string' || types.includes(type) ? [] : [codes.typeMismatch(template.span, what, type)]
    }),
  )
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
      return [guard, { template: step.on, types: [...WORD.types, 'boolean'], what: 'text' }]
    case 'wait':
      return [guard, { template: step.value, ...TEXT }]
    case 'fail':
      return [guard, { template: step.message, ...TEXT }]
    case 'parallel':
    case 'end':
      return [guard]
  }
}
