// Every reference leads to something that exists and has run.
import type { Diagnostic } from '../../diagnostics/index.ts'
import * as codes from '../codes.ts'
import { type Reference, references } from '../expressions/index.ts'
import type { Step } from '../model.ts'
import { propertyOf, type StaticType } from './static-type.ts'
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
  const missing = firstMissing(reference, sight.roots[root])
  return missing ? [missing] : []
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

/** The first name on the path that what stands before it does not have. */
function firstMissing({ root, path, partSpans, span }: Reference, start: StaticType): Diagnostic | undefined {
  let type = start
  for (const [index, name] of path.entries()) {
    const property = propertyOf(type, name)
    if (property.kind === 'missing') {
      const at = partSpans[index + 1] ?? span
      if (index === 0 && root === 'inputs') return codes.inputUnknown(at, name, property.known)
      if (index === 0 && root === 'targets') return codes.targetUnknown(at, name, property.known)
      return codes.propertyUnknown(at, name, [root, ...path.slice(0, index)].join('.'), property.known)
    }
    type = property.type
  }
  return undefined
}
