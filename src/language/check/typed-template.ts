// Templates outside runbooks, such as those of a pack: their types over given roots, and whether they fit where they go.
import type { Diagnostic } from '../../diagnostics/index.ts'
import { isObject, type JsonSchema } from '../../values/index.ts'
import * as codes from '../codes/index.ts'
import type { ExpressionTemplate, Template } from '../model.ts'
import {
  factsOfSource,
  fromSchema,
  type Inferred,
  inferSource,
  mayBeAbsent,
  mismatch,
  narrowedWithin,
  ownProperty,
  type Type,
  UNKNOWN,
} from '../types/index.ts'
import { findingDiagnostics } from './expressions.ts'
import { misfits } from './fits.ts'
import { expressionsIn, typeWith } from './inference.ts'

/** Types by name. What else an expression may start at is unknown. */
export type RootTypes = Readonly<Record<string, Type>>

const infer = (expression: ExpressionTemplate, roots: RootTypes): Inferred =>
  inferSource(expression.source, { root: { object: { properties: roots, rest: UNKNOWN } } })

export const typeOfTemplate = (template: Template, roots: RootTypes): Type =>
  typeWith(template, (expression) => infer(expression, roots).type)

/** The type of what `root` names, given that a condition about it holds. */
export const typeGiven = (type: Type, root: string, condition: Template): Type =>
  condition.kind === 'expression' ? narrowedWithin(type, root, factsOfSource(condition.source)) : type

/** What is wrong inside a template's expressions. `absence: 'fine'`: where nothing counts as false, as it is meant to. */
export function templateDiagnostics(
  template: Template,
  roots: RootTypes,
  { absence = 'told' }: { readonly absence?: 'told' | 'fine' } = {},
): readonly Diagnostic[] {
  return expressionsIn(template).flatMap((expression) => {
    const { findings } = infer(expression, roots)
    return findingDiagnostics(
      expression,
      findings.filter(({ kind }) => absence === 'told' || kind !== 'absent'),
    )
  })
}

/** Why what a template yields does not fit a schema: values of another kind, and what is required and may be absent. */
export function fitDiagnostics(template: Template, roots: RootTypes, schema: JsonSchema, name?: string): readonly Diagnostic[] {
  switch (template.kind) {
    case 'literal': {
      const wrong = mismatch(typeOfTemplate(template, roots), fromSchema(schema))
      return wrong ? [codes.typeMismatch(template.span, wrong.needed, wrong.has, wrong)] : []
    }
    case 'list': {
      const { items } = schema
      return isObject(items) ? template.items.flatMap((item) => fitDiagnostics(item, roots, items)) : []
    }
    case 'map': {
      const { properties } = schema
      if (!isObject(properties)) return []
      return template.entries.flatMap(({ name: field, value }) => {
        const slot = Object.hasOwn(properties, field) ? properties[field] : undefined
        return isObject(slot) ? fitDiagnostics(value, roots, slot, isRequired(schema, field) ? field : undefined) : []
      })
    }
    case 'expression':
      return expressionFits(template, roots, schema, name)
  }
}

const isRequired = ({ required }: JsonSchema, name: string): boolean => Array.isArray(required) && required.includes(name)

function expressionFits(template: ExpressionTemplate, roots: RootTypes, schema: JsonSchema, name: string | undefined) {
  const { type, findings } = infer(template, roots)
  const { source, span } = template
  const wanted = fromSchema(schema)
  // The reason for it has been told.
  if (findings.some(({ kind }) => kind !== 'never')) return []
  // A list that is required and not there is empty.
  if (name !== undefined && mayBeAbsent(type) && !wanted.array) return [codes.absentPossible(span, 'needed', source, name)]
  const unfit = misfits(template, type, { roots, facts: [] }, schema, name ?? 'this')
  if (unfit.length > 0) return unfit
  const lacking = lackingIn(type, wanted)
  return lacking ? [codes.absentPossible(span, 'needed', lacking.join('.'))] : []
}

/** The names that lead to a property which is required and may be absent, as far as it is known. */
function lackingIn(type: Type, wanted: Type): readonly string[] | undefined {
  if (type.array && wanted.array) return lackingIn(type.array.items, wanted.array.items)
  if (!type.object || !wanted.object) return undefined
  for (const [name, property] of Object.entries(wanted.object.properties)) {
    const has = ownProperty(type.object, name)
    if (has.absent && has.absent !== 'unknown' && !property.absent && !property.array) return [name]
    const inside = lackingIn(has, property)
    if (inside) return [name, ...inside]
  }
  return undefined
}
