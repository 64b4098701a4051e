// Who holds what: `owner` names a block around the step, and no handle outlives what it stands for.
import type { Diagnostic } from '../../diagnostics/index.ts'
import * as codes from '../codes.ts'
import type { Step } from '../model.ts'
import { typeOf } from './inference.ts'
import type { Call, Sight, Site, Survey } from './survey.ts'

export const checkOwnership = (survey: Survey): readonly Diagnostic[] => [
  ...survey.visits.flatMap(({ step, sight }) => (step.kind === 'uses' ? checkOwner(step, sight) : [])),
  ...survey.calls.flatMap(checkAcquires),
  ...survey.sites.flatMap(checkEscape),
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

/** A block's yield must not carry a handle whose resource ends with the block. */
function checkEscape({ template, sight, leaves }: Site): readonly Diagnostic[] {
  if (!leaves) return []
  if (template.kind === 'map') return template.entries.flatMap(({ value }) => checkEscape({ template: value, sight, leaves }))
  const owners = typeOf(template, sight).object?.owners ?? []
  const block = sight.around.at(-1)?.id ?? 'the run'
  return owners.includes(block) ? [codes.handleEscapes(template.span, block)] : []
}
