// Every reference starts at something that exists, and at a step that has run. What it goes on to is for `expressions.ts`.
import type { Diagnostic } from '../../diagnostics/index.ts'
import * as codes from '../codes/index.ts'
import { type Reference, references } from '../expressions/index.ts'
import type { Step } from '../model.ts'
import { earlierStep, earlierSteps, laterStep, type Sight, type Survey } from './survey.ts'

export function checkReferences(survey: Survey): readonly Diagnostic[] {
  const elsewhere = new Map(survey.visits.map(({ step }) => [step.id, step]))
  return survey.sites.flatMap(({ template, sight }) =>
    references(template).flatMap((reference) => checkReference(reference, sight, elsewhere, survey)),
  )
}

function checkReference(
  reference: Reference,
  sight: Sight,
  elsewhere: ReadonlyMap<string, Step>,
  survey: Survey,
): readonly Diagnostic[] {
  const { root, path, partSpans } = reference
  const at = partSpans[0] ?? reference.span
  if (!Object.hasOwn(sight.roots, root)) {
    return [codes.rootUnknown(at, root, Object.keys(sight.roots), earlierStep(sight, root) ? `steps.${root}` : undefined)]
  }
  const [name] = path
  if (root === 'steps' && name !== undefined) {
    if (survey.broken.has(name)) return []
    const wrong = checkStep(name, partSpans[1] ?? at, sight, elsewhere)
    if (wrong) return [wrong]
  }
  return []
}

function checkStep(
  id: string,
  span: Reference['span'],
  sight: Sight,
  elsewhere: ReadonlyMap<string, Step>,
): Diagnostic | undefined {
  if (earlierStep(sight, id)) return undefined
  if (sight.around.some((step) => step.id === id)) return codes.stepItself(span, id)
  const next = laterStep(sight, id)
  if (next) return codes.stepNotYetRun(span, id, next.idSpan)
  const hidden = elsewhere.get(id)
  return hidden
    ? codes.stepOutOfSight(span, id, hidden.idSpan)
    : codes.stepUnknown(
        span,
        id,
        earlierSteps(sight).map((step) => step.id),
      )
}
