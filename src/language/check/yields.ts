// What a block yields beside what the engine itself tells of every step: the engine's word would hide the author's.
import type { Diagnostic } from '../../diagnostics/index.ts'
import * as codes from '../codes/index.ts'
import type { Field, Step } from '../model.ts'
import type { Survey } from './survey.ts'

export function checkYields({ visits, runbook }: Survey): readonly Diagnostic[] {
  const yields = visits.flatMap(({ step }) => hidden(step))
  return [...yields, ...runbook.outputs.filter(({ name }) => name === 'skipped')].map(({ nameSpan, name }) =>
    codes.yieldReserved(nameSpan, name),
  )
}

function hidden(step: Step): readonly Field[] {
  if (step.kind === 'scope') return step.body.yield.filter(({ name }) => name === 'clean' || name === 'skipped')
  if (step.kind !== 'switch') return []
  const bodies = [...step.cases.map(({ body }) => body), ...(step.else ? [step.else] : [])]
  return bodies.flatMap((body) => body.yield.filter(({ name }) => name === 'skipped'))
}
