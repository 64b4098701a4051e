// Values that were most probably meant as expressions and are none: a $ or a brace was lost, or YAML took the rest for a comment.
import type { Diagnostic } from '../../diagnostics/index.ts'
import * as codes from '../codes/index.ts'
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
    case 'map': {
      const lost = lostMark(template, roots)
      return lost ? [lost] : template.entries.flatMap(({ value }) => inTemplate(value, roots))
    }
    case 'literal':
      return inLiteral(template, roots)
  }
}

/** `{ steps.snap.id }`: to YAML a map with one key and no value. */
function lostMark({ entries: [only, ...more], span }: MapTemplate, roots: readonly string[]): Diagnostic | undefined {
  if (!only || more.length > 0 || only.value.kind !== 'literal' || only.value.value !== null) return undefined
  const root = roots.find((each) => new RegExp(`^${each}($|\\.)`).test(only.name))
  return root === undefined ? undefined : codes.expressionUnmarked(span, root, `\${ ${only.name} }`)
}

function inLiteral({ value, span }: LiteralTemplate, roots: readonly string[]): readonly Diagnostic[] {
  if (value === null && span.start === span.end) return [codes.valueEmpty(span)]
  // Where a text holds `${` the parser has said what is wrong.
  const root =
    typeof value === 'string' && /[{}]|\$\(/.test(value) && !value.includes('${')
      ? roots.find((each) => speaksOf(each, value))
      : undefined
  return root === undefined ? [] : [codes.expressionUnmarked(span, root, undefined)]
}

/** `$ steps.snap.id }`, `{{ steps.snap.id }}` or `$( steps.snap.id )`: a root where an expression has it. */
function speaksOf(root: string, text: string): boolean {
  const name = new RegExp(`(?<![\\w.])${root}\\b`)
  const lacksBrace = /^[^{]*\}\s*$|^\s*\$?\{[^}]*$/.test(text)
  if (lacksBrace && name.test(text)) return true
  return [...text.matchAll(/\{([^{}]*)\}|\$\(([^()]*)\)/g)].some(([, braced, inside = braced ?? '']) => {
    const path = new RegExp(`(?<![\\w.])${root}\\.[A-Za-z]`)
    return inside.trim() === root || path.test(inside) || (name.test(inside) && /[&=?"]/.test(inside))
  })
}
