// Who holds what: `owner` names a block around the step, no handle outlives what it stands for, no child its parent.
import type { Diagnostic } from '../../diagnostics/index.ts'
import { isObject } from '../../values/index.ts'
import type { CatalogueView } from '../catalogue.ts'
import * as codes from '../codes/index.ts'
import type { Step, Template } from '../model.ts'
import type { ObjectType, Type } from '../types/index.ts'
import { THE_RUN } from './handed.ts'
import { typeOf } from './inference.ts'
import type { Call, Sight, Site, Survey } from './survey.ts'

export function checkOwnership(survey: Survey): readonly Diagnostic[] {
  const escapes = survey.sites.flatMap(escapesFrom)
  const told = new Set(escapes.map(({ owner }) => owner))
  return [
    ...survey.visits.flatMap(({ step, sight }) => (step.kind === 'uses' ? checkOwner(step, sight) : [])),
    ...survey.calls.flatMap(checkAcquires),
    ...survey.calls.flatMap((call) => checkParents(call, survey.catalogue)),
    ...escapes.map(({ span, owner }) => codes.handleEscapes(span, owner)),
    ...survey.calls.flatMap((call) => checkStillHeld(call, told)),
  ]
}

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

// ---- children and parents -----------------------------------------------------------------------------------------

/** What is acquired from something goes before it: it can neither be owned further out nor be kept alone. */
function checkParents(call: Call, catalogue: CatalogueView): readonly Diagnostic[] {
  const { step, action, sight } = call
  if (action.effect !== 'acquire') return []
  const blocks = [THE_RUN, ...sight.around.slice(0, -1).map(({ id }) => id)]
  const owner = step.owner ?? blocks.at(-1) ?? THE_RUN
  if (!blocks.includes(owner)) return []
  const { childOf = [] } = catalogue.resource(action.resource ?? '') ?? {}
  return handlesTaken(call).flatMap(({ owners = [], resources = [] }) => {
    const [parentOwner, ...others] = owners
    if (parentOwner === undefined || others.length > 0 || !blocks.includes(parentOwner)) return []
    if (blocks.indexOf(owner) < blocks.indexOf(parentOwner))
      return [codes.childOutlives(step.ownerSpan ?? step.actionSpan, owner, parentOwner)]
    const isChild = resources.some((each) => childOf.includes(each))
    return step.release === 'onFailure' && isChild ? [codes.childKept(step.actionSpan, parentOwner)] : []
  })
}

const handlesTaken = (call: Call): readonly ObjectType[] =>
  handleSlots(call).flatMap((value) => typeOf(value, call.sight).object ?? [])

function handleSlots({ step, action }: Call): readonly Template[] {
  const { properties } = action.input
  return step.with.entries.flatMap(({ name, value }) => {
    const slot = isObject(properties) ? properties[name] : undefined
    return value.kind === 'expression' && isObject(slot) && slot['x-resource'] !== undefined ? [value] : []
  })
}

// ---- what leaves a block ------------------------------------------------------------------------------------------

/** A block's yield must not carry a handle whose resource ends with the block. */
function escapesFrom({ template, sight, leaves }: Site): readonly { readonly span: Template['span']; readonly owner: string }[] {
  if (!leaves) return []
  if (template.kind === 'map') return template.entries.flatMap(({ value }) => escapesFrom({ template: value, sight, leaves }))
  if (template.kind === 'list') return template.items.flatMap((item) => escapesFrom({ template: item, sight, leaves }))
  // A runbook's outputs may hand a handle on: when another calls it, what it acquires belongs to the caller's block.
  const owner = sight.around.at(-1)?.id
  if (owner === undefined) return []
  return carries(typeOf(template, sight), owner) ? [{ span: template.span, owner }] : []
}

/** Whether a handle of that owner is in the value. The output of a step as a whole holds its handle and much else: no escape yet. */
function carries({ object, array }: Type, owner: string): boolean {
  if (array) return carries(array.items, owner)
  if (!object || Object.hasOwn(object.properties, 'skipped')) return false
  return (object.owners ?? []).includes(owner) || Object.values(object.properties).some((property) => carries(property, owner))
}

/** What got out as a part of something is found where it is used. */
function checkStillHeld(call: Call, told: ReadonlySet<string>): readonly Diagnostic[] {
  const blocks = [THE_RUN, ...call.sight.around.map(({ id }) => id)]
  return handleSlots(call).flatMap((value) => {
    const owners = typeOf(value, call.sight).object?.owners ?? []
    const [gone] = owners.filter((owner) => !blocks.includes(owner))
    return gone === undefined || owners.some((owner) => blocks.includes(owner) || told.has(owner))
      ? []
      : [codes.usedAfterClose(value.span, gone)]
  })
}
