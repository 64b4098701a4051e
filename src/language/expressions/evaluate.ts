// Templates → values. Bounded, and blind to everything but the roots it is given.
import type { Span } from '../../diagnostics/index.ts'
import { holdsUnknown, isObject, isUnknown, type Json, unknown } from '../../values/index.ts'
import type { ExpressionTemplate, Template } from '../model.ts'
import { compile } from './compile.ts'
import { NotJson, plainJson } from './plain-json.ts'
import { purePath, type StaticPath, staticPaths } from './references.ts'
import { spanWithin } from './span-within.ts'

/** An expression that could not be evaluated; `span` is the place in the runbook. */
export class ExpressionFailed extends Error {
  readonly span: Span

  constructor(message: string, span: Span, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ExpressionFailed'
    this.span = span
  }
}

export type Roots = Readonly<Record<string, unknown>>

/**
 * The template's value, undefined when it is absent. Absent fields and items are left out of their map or list.
 * An expression that refers to an unknown value yields an unknown. Rejects with `ExpressionFailed`.
 */
export async function evaluateTemplate(template: Template, roots: Roots): Promise<Json | undefined> {
  switch (template.kind) {
    case 'literal':
      return template.value
    case 'expression':
      return evaluateExpression(template, roots)
    case 'list': {
      const items: Json[] = []
      for (const item of template.items) {
        const value = await evaluateTemplate(item, roots)
        if (value !== undefined) items.push(value)
      }
      return items
    }
    case 'map': {
      const fields: [string, Json][] = []
      for (const { name, value: field } of template.entries) {
        const value = await evaluateTemplate(field, roots)
        if (value !== undefined) fields.push([name, value])
      }
      return Object.fromEntries(fields)
    }
  }
}

/** For plans and the like: what cannot be evaluated over unknowns is unknown itself. Check has seen to syntax and references. */
export async function evaluateOpen(template: Template, roots: Roots): Promise<Json | undefined> {
  try {
    return await evaluateTemplate(template, roots)
  } catch (error) {
    if (error instanceof ExpressionFailed) return unknown(error.message)
    throw error
  }
}

async function evaluateExpression(template: ExpressionTemplate, roots: Roots): Promise<Json | undefined> {
  const compilation = compile(template.source)
  if (!compilation.ok) throw new ExpressionFailed(compilation.problem.message, template.span)
  const direct = purePath(template.source)
  if (direct) {
    const found = follow(direct, roots)
    if (found.kind === 'value') return jsonOf(found.value, template)
    if (found.kind === 'unknown') return found.value
  }
  for (const path of staticPaths(template.source)) {
    const found = follow(path, roots)
    if (found.kind === 'unknown') return found.value
    if (holdsUnknown(found.value as Json) && !direct) return unknown(template.source)
  }
  try {
    return jsonOf(await compilation.compiled.evaluate(roots), template)
  } catch (error) {
    throw failed(error, template)
  }
}

type Found =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'unknown'; readonly value: Json }
  /** The path leads through a list, which JSONata maps over; `value` is the list. */
  | { readonly kind: 'list'; readonly value: unknown }

function follow({ names }: StaticPath, roots: Roots): Found {
  let value: unknown = roots
  for (const [index, name] of names.entries()) {
    if (isUnknown(value)) return { kind: 'unknown', value: unknown([value.$unknown, ...names.slice(index)].join('.')) }
    if (Array.isArray(value)) return { kind: 'list', value }
    value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
  }
  return isUnknown(value) ? { kind: 'unknown', value } : { kind: 'value', value }
}

function jsonOf(value: unknown, template: ExpressionTemplate): Json | undefined {
  try {
    return plainJson(value)
  } catch (error) {
    if (error instanceof NotJson) throw new ExpressionFailed(error.message, template.span)
    throw error
  }
}

function failed(error: unknown, template: ExpressionTemplate): ExpressionFailed {
  if (error instanceof ExpressionFailed) return error
  // The library throws plain objects: {code, message, position}.
  const { message, position } = (isObject(error) || error instanceof Error ? error : {}) as {
    message?: unknown
    position?: unknown
  }
  const text = typeof message === 'string' ? message : 'the expression failed'
  const span = typeof position === 'number' ? spanWithin(template, Math.max(0, position - 1), position) : template.span
  return new ExpressionFailed(text, span, { cause: error })
}
