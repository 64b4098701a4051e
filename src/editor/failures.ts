// The failure types that a catch can name at its place: those that the steps of its scope can end in.
import { ENGINE_FAILURES, type Step } from '../language/index.ts'
import type { Reading } from './reading.ts'
import type { Suggestion } from './suggestion.ts'

export function failuresIn({ survey }: Reading, scope: Step | undefined): readonly Suggestion[] {
  const found = new Map<string, string>()
  const inside = (step: Step): boolean =>
    scope !== undefined && step !== scope && scope.span.start <= step.span.start && step.span.end <= scope.span.end
  for (const { step, action } of survey?.calls ?? []) {
    if (!inside(step)) continue
    for (const name of Object.keys(action.failures ?? {})) found.set(name, step.action)
  }
  for (const { step } of survey?.visits ?? []) if (step.kind === 'fail' && inside(step)) found.set(step.type, 'fail')
  for (const name of ENGINE_FAILURES) if (!found.has(name)) found.set(name, 'any call')
  return [...found].map(([label, detail]) => ({ label, kind: 'word', detail, ...(detail === 'any call' ? {} : { first: true }) }))
}
