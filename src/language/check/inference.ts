// What templates yield, as far as it is known before the run. Each expression is looked at once.

import type { ExpressionTemplate, Field, Template } from '../model.ts'
import { type Facts, fromValue, type Inferred, inferSource, listOf, record, type Type, UNKNOWN, unionOf } from '../types/index.ts'

/** Where an expression stands: the types of its roots, and what the conditions tell that led there. */
export interface From {
  readonly roots: Readonly<Record<string, Type>>
  readonly facts: Facts
}

/** Where an expression stands never changes, so what it yields does not, either. */
const known = new WeakMap<ExpressionTemplate, Inferred>()

export function inferred(template: ExpressionTemplate, { roots, facts }: From): Inferred {
  const before = known.get(template)
  if (before) return before
  const made = inferSource(template.source, { root: { object: { properties: roots, rest: UNKNOWN } }, facts })
  known.set(template, made)
  return made
}

export const typeOf = (template: Template, sight: From): Type =>
  typeWith(template, (expression) => inferred(expression, sight).type)

/** The type of a template by those of its expressions. A field whose value is absent is left out. */
export function typeWith(template: Template, typeOfExpression: (expression: ExpressionTemplate) => Type): Type {
  switch (template.kind) {
    case 'literal':
      return fromValue(template.value)
    case 'list':
      return listOf(unionOf(template.items.map((item) => typeWith(item, typeOfExpression))))
    case 'map':
      return record(Object.fromEntries(template.entries.map(({ name, value }) => [name, typeWith(value, typeOfExpression)])))
    case 'expression':
      return typeOfExpression(template)
  }
}

export const fieldsType = (fields: readonly Field[], sight: From): Type =>
  record(Object.fromEntries(fields.map(({ name, value }) => [name, typeOf(value, sight)])))

/** All expressions in a template. */
export function expressionsIn(template: Template): readonly ExpressionTemplate[] {
  switch (template.kind) {
    case 'literal':
      return []
    case 'list':
      return template.items.flatMap(expressionsIn)
    case 'map':
      return template.entries.flatMap(({ value }) => expressionsIn(value))
    case 'expression':
      return [template]
  }
}
