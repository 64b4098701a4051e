// A catch names failures that something inside can raise.
import type { Diagnostic } from '../../diagnostics/index.ts'
import { failureUnknown } from '../codes/index.ts'
import { ENGINE_FAILURES } from '../defaults.ts'
import type { Runbook, Step } from '../model.ts'
import { actionOf, type Surroundings, surroundingsOf } from './duration.ts'
import type { Survey } from './survey.ts'

export function checkFailures({ runbook, catalogue, visits, broken }: Survey): readonly Diagnostic[] {
  if (broken.size > 0) return []
  const around = surroundingsOf(runbook, catalogue)
  return visits.flatMap(({ step }) => {
    if (step.kind !== 'scope' || !step.catch?.on) return []
    const { on, onSpans = [] } = step.catch
    const raised = new Set<string>()
    if (!collect(step.body.steps, around, raised)) return []
    const known: readonly string[] = [...raised, ...ENGINE_FAILURES]
    return on.flatMap((type, index) =>
      known.includes(type) ? [] : [failureUnknown(onSpans[index] ?? step.idSpan, type, [...raised], known)],
    )
  })
}

/** Adds the types that these steps can fail with; false when something inside is not known. */
function collect(steps: readonly Step[], around: Surroundings, into: Set<string>): boolean {
  return steps.every((step) => collectOf(step, around, into))
}

function collectOf(step: Step, around: Surroundings, into: Set<string>): boolean {
  switch (step.kind) {
    case 'uses': {
      const action = actionOf(step, around)
      for (const type of Object.keys(action?.failures ?? {})) into.add(type)
      return action !== undefined
    }
    case 'fail':
      into.add(step.type)
      return true
    case 'scope':
      return collect([...step.body.steps, ...(step.catch?.body.steps ?? [])], around, into)
    case 'foreach':
      return collect(step.body.steps, around, into)
    case 'parallel':
      return step.branches.every(({ body }) => collect(body.steps, around, into))
    case 'switch':
      return [...step.cases.map(({ body }) => body), ...(step.else ? [step.else] : [])].every(({ steps }) =>
        collect(steps, around, into),
      )
    case 'runbook': {
      const called: Runbook | undefined = around.inside.includes(step.runbook)
        ? undefined
        : around.catalogue.runbook(step.runbook)
      return called !== undefined && collect(called.steps, surroundingsOf(called, around.catalogue, around.inside), into)
    }
    case 'wait':
    case 'approve':
    case 'end':
      return true
  }
}
