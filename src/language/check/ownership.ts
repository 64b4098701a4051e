// Who holds what: `owner` names a block around the step, and `end` something that is held.
import type { Diagnostic, Span } from '../../diagnostics/index.ts'
import * as codes from '../codes.ts'
import type { Block, EndStep, Step } from '../model.ts'
import { type Call, earlierStep, earlierSteps, type Sight, type Survey } from './survey.ts'

export const checkOwnership = (survey: Survey): readonly Diagnostic[] => [
  ...survey.visits.flatMap(({ step, sight }) => (step.kind === 'uses' ? checkOwner(step, sight) : [])),
  ...survey.calls.flatMap(checkAcquires),
  ...checkEnds(survey),
]

function checkOwner(step: Extract<Step, { kind: 'uses' }>, { around }: Sight): readonly Diagnostic[] {
  if (step.owner === undefined || step.ownerSpan === undefined) return []
  const scopes = around.filter(({ kind }) => kind === 'scope' || kind === 'foreach').map(({ id }) => id)
  return scopes.includes(step.owner) ? [] : [codes.ownerUnknown(step.ownerSpan, step.owner, scopes)]
}

function checkAcquires({ step, action }: Call): readonly Diagnostic[] {
  if (action.effect === 'acquire') return []
  if (step.ownerSpan) return [codes.nothingAcquired(step.ownerSpan, 'owner', step.action)]
  return step.release === undefined ? [] : [codes.nothingAcquired(step.actionSpan, 'release', step.action)]
}

function checkEnds(survey: Survey): readonly Diagnostic[] {
  const acquiring = new Set<Step>(survey.calls.filter(({ action }) => action.effect === 'acquire').map(({ step }) => step))
  const unresolved = new Set<Step>(survey.visits.map(({ step }) => step).filter((step) => step.kind === 'uses'))
  for (const { step } of survey.calls) unresolved.delete(step)
  const sights = new Map(survey.visits.map(({ step, sight }) => [step, sight]))
  const found: Diagnostic[] = []

  const checkEnd = (end: EndStep, ended: Ended): void => {
    const sight = sights.get(end)
    if (!sight) return
    const step = earlierStep(sight, end.step)
    if (survey.broken.has(end.step) || (step && unresolved.has(step))) return
    if (!step || !acquiring.has(step)) {
      const held = earlierSteps(sight)
        .filter((each) => acquiring.has(each))
        .map(({ id }) => id)
      found.push(codes.endUnknown(end.stepSpan, end.step, held))
      return
    }
    const before = ended.get(step)
    if (before) found.push(codes.endTwice(end.stepSpan, end.step, before))
    else ended.set(step, end.stepSpan)
    const loop = sight.around.findLast(({ kind }) => kind === 'foreach')
    if (loop && !sights.get(step)?.around.includes(loop)) found.push(codes.endInLoop(end.stepSpan, end.step, loop.idSpan))
  }
  checkBlock({ steps: survey.runbook.steps, yield: [], span: survey.runbook.span }, new Map(), checkEnd)
  return found
}

/** Where each acquiring step's resource was ended. */
type Ended = Map<Step, Span>

function checkBlock({ steps }: Block, ended: Ended, checkEnd: (end: EndStep, ended: Ended) => void): void {
  for (const step of steps) {
    if (step.kind === 'end') checkEnd(step, ended)
    // Of the cases one runs, so each starts from the same; what follows must reckon with any of them.
    const after = alternatives(step).map((alternative) => {
      const inside = new Map(ended)
      for (const body of alternative) checkBlock(body, inside, checkEnd)
      return inside
    })
    for (const inside of after) for (const [acquired, span] of inside) if (!ended.has(acquired)) ended.set(acquired, span)
  }
}

/** The ways in which a step may go: blocks of one way run together or one after the other. */
function alternatives(step: Step): readonly (readonly Block[])[] {
  switch (step.kind) {
    case 'scope':
      return step.catch ? [[step.body], [step.catch.body]] : [[step.body]]
    case 'foreach':
      return [[step.body]]
    case 'parallel':
      return [step.branches.map(({ body }) => body)]
    case 'switch':
      return [...step.cases.map(({ body }) => [body]), ...(step.else ? [[step.else]] : [])]
    case 'uses':
    case 'wait':
    case 'end':
    case 'fail':
      return []
  }
}
