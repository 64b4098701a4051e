// A secret goes only where secrets are expected: nothing that is written down or shown is computed from one.
import type { Diagnostic } from '../../diagnostics/index.ts'
import { isObject, type Json } from '../../values/index.ts'
import { inputsSchema } from '../catalogue.ts'
import { secretExposed, secretWorkedOn, secretWritten } from '../codes/index.ts'
import { purePathNames, type Reference, references } from '../expressions/index.ts'
import type { ExpressionTemplate, MapTemplate, Step, Template } from '../model.ts'
import { fromSchema, holdsSecret, ownProperty, type Type } from '../types/index.ts'
import type { Sight, Site, Survey } from './survey.ts'

export function checkSecrets(survey: Survey): readonly Diagnostic[] {
  const slots = slotsOf(survey)
  const mayExpose = knowsSecrets(survey)
  const unknown = new Set<Template>(
    survey.visits.flatMap(({ step }) =>
      (step.kind === 'uses' || step.kind === 'runbook') && !slots.has(step.with) ? [step.with] : [],
    ),
  )
  return survey.sites.flatMap(({ template, sight }: Site) => {
    // Of an action that is not known, nobody knows what it takes as a secret.
    if (unknown.has(template)) return []
    const slot = template.kind === 'map' ? slots.get(template) : undefined
    return checkValue(template, slot, '', sight, mayExpose)
  })
}

/** Whether there is any secret that could get out. */
const knowsSecrets = ({ runbook, calls }: Survey): boolean =>
  holdsSecret(fromSchema(inputsSchema(runbook))) || calls.some(({ action }) => holdsSecret(fromSchema(action.output)))

/** The schema of what each call takes. */
function slotsOf({ calls, visits, catalogue }: Survey): ReadonlyMap<MapTemplate, Json> {
  const called = (step: Step) => (step.kind === 'runbook' ? catalogue.runbook(step.runbook) : undefined)
  return new Map<MapTemplate, Json>([
    ...calls.map(({ step, action }) => [step.with, action.input] as const),
    ...visits.flatMap(({ step }) => {
      const runbook = called(step)
      return step.kind === 'runbook' && runbook ? [[step.with, inputsSchema(runbook)] as const] : []
    }),
  ])
}

function checkValue(
  template: Template,
  slot: Json | undefined,
  name: string,
  sight: Sight,
  mayExpose: boolean,
): readonly Diagnostic[] {
  const schema = isObject(slot) ? slot : {}
  const isSecret = schema['x-secret'] === true
  switch (template.kind) {
    case 'literal':
      return isSecret && template.value !== null ? [secretWritten(template.span, name)] : []
    case 'expression':
      if (!mayExpose) return []
      return isSecret ? workedOn(template, sight) : exposures(template, sight)
    case 'list':
      return isSecret ? [] : template.items.flatMap((item) => checkValue(item, schema.items, name, sight, mayExpose))
    case 'map': {
      if (isSecret) return []
      const properties = isObject(schema.properties) ? schema.properties : {}
      return template.entries.flatMap((entry) => {
        const inner = Object.hasOwn(properties, entry.name) ? properties[entry.name] : schema.additionalProperties
        return checkValue(entry.value, inner, entry.name, sight, mayExpose)
      })
    }
  }
}

const exposures = (template: Template, sight: Sight): readonly Diagnostic[] =>
  references(template).flatMap((reference) => {
    const secrecy = reference.asked ? undefined : secrecyOf(reference, sight)
    const { root, path, span } = reference
    return secrecy ? [secretExposed(span, [root, ...path].join('.'), secrecy === 'whole')] : []
  })

/** A run holds a reference in place of a secret, so it can only be passed on as it is. */
function workedOn(template: ExpressionTemplate, sight: Sight): readonly Diagnostic[] {
  if (purePathNames(template.source)) return []
  return references(template)
    .filter((reference) => !reference.asked && secrecyOf(reference, sight))
    .map(({ root, path, span }) => secretWorkedOn(span, [root, ...path].join('.')))
}

/** Whether what is referred to is secret, or at least a part of it. */
function secrecyOf({ root, path }: Reference, { roots }: Sight): 'whole' | 'part' | undefined {
  let type: Type | undefined = Object.hasOwn(roots, root) ? roots[root] : undefined
  for (const name of path) {
    if (type?.secret) return 'whole'
    const within: Type['object'] = type?.object ?? type?.array?.items.object
    type = within && ownProperty(within, name)
  }
  if (!type || !holdsSecret(type)) return undefined
  return type.secret ? 'whole' : 'part'
}
