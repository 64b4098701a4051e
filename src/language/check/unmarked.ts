// Text and maps that were most probably meant as expressions: a $ or a brace was lost.
import type { Diagnostic } from '../../diagnostics/index.ts'
import * as codes from '../codes.ts'
import type { LiteralTemplate, MapTemplate, Template } from '../model.ts'
import type { Survey } from './survey.ts'

export const checkUnmarked = ({ sites }: Survey): readonly Diagnostic[] =>
  sites.flatMap(({ template, sight }) => inTemplate(template, Object.keys(sight.roots)))

function inTemplate(template: Template, roots: readonly string[]): readonly Diagnostic[] {
  switch (template.kind) {
    case 'expression':
      return []
    case 'list':
      return template.items.flatMap((item) => inTemplate(item, roots))
    case 'map':
      return [...inMap(template, roots), ...template.entries.flatMap(({ value }) => inTemplate(value, roots))]
    case 'literal':
      return inText(template, roots)
  }
}

/** `{ steps.snap.id }`: to YAML a map with one key and no value. */
function inMap({ entries: [only, ...more], span }: MapTemplate, roots: readonly string[]): readonly Diagnostic[] {
  if (!only || more.length > 0 || only.value.kind !== 'literal' || only.value.value !== null) return []
  const root = roots.find((each) => new RegExp(`^${each}($|\\.)`).test(only.name))
  return root === undefined ? [] : [codes.expressionUnmarked(span, root, `\${ ${only.name} }`)]
}

/** `$ steps.snap.id }` or `{{ steps.snap.id }}`: braces, and a root where an expression has it. */
function inText({ value, span }: LiteralTemplate, roots: readonly string[]): readonly Diagnostic[] {
  if (typeof value !== 'string' || !/[{}]/.test(value)) return []
  const unbalanced = /^[^{]*\}\s*$|^\s*\$?\{[^}]*$/.test(value)
  const root = roots.find(
    (each) =>
      new RegExp(`\\{\\s*${each}(\\.[A-Za-z]|\\s*\\})`).test(value) || (unbalanced && new RegExp(`\\b${each}\\b`).test(value)),
  )
  return root === undefined ? [] : [codes.expressionUnmarked(span, root, undefined)]
}
