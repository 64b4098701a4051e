// Nodes → templates: which scalars are expressions, and what their source is.
import type { Diagnostic } from '../../diagnostics/index.ts'
import * as codes from '../codes/index.ts'
import { expressionDiagnostics } from '../expressions/index.ts'
import type { ExpressionTemplate, Template } from '../model.ts'
import type { YamlNode, YamlScalar } from './node.ts'
import { offsetsOf } from './scalar-offsets.ts'

/** A node's value with its expressions. What is wrong with them goes to `diagnostics`; the template is usable all the same. */
export function templateOf(node: YamlNode, diagnostics: Diagnostic[] = []): Template {
  switch (node.kind) {
    case 'map':
      return {
        kind: 'map',
        entries: node.entries.map(({ key, keySpan, value }) => {
          if (key.includes('${')) diagnostics.push(codes.expressionInKey(keySpan))
          return { name: key, nameSpan: keySpan, value: templateOf(value, diagnostics) }
        }),
        span: node.span,
      }
    case 'list':
      return { kind: 'list', items: node.items.map((item) => templateOf(item, diagnostics)), span: node.span }
    case 'scalar':
      return scalarTemplate(node, diagnostics)
  }
}

function scalarTemplate(node: YamlScalar, diagnostics: Diagnostic[]): Template {
  const literal: Template = { kind: 'literal', value: node.value, span: node.span }
  if (typeof node.value !== 'string' || !node.value.includes('${')) return literal
  const start = node.value.length - node.value.trimStart().length
  const end = node.value.trimEnd().length
  const opens = node.value.startsWith('${', start)
  const closes = node.value[end - 1] === '}' && end - start >= 3
  const offsets = offsetsOf(node)
  if (!opens) {
    diagnostics.push(codes.expressionNotAlone(node.span, asOneExpression(node.value.slice(start, end))))
    return literal
  }
  const expression = cut(node, offsets, start + 2, closes ? end - 1 : end)
  const closing = closingBrace(node.value, start + 2)
  if (closing === undefined && !closes) {
    diagnostics.push(codes.expressionUnterminated(node.span, node.raw.style === 'plain' && node.raw.commented))
    return expression
  }
  const found = expressionDiagnostics(expression)
  // `${ a } and ${ b }`: one expression was closed, and text follows it.
  const goesOn = closing !== undefined && closing < end - 1
  if (goesOn && (!closes || found.length > 0))
    diagnostics.push(codes.expressionNotAlone(node.span, asOneExpression(node.value.slice(start, end))))
  else diagnostics.push(...found)
  return expression
}

/** `rb-${ run.id }` → `${ "rb-" & run.id }`; undefined when a part is not closed. */
function asOneExpression(text: string): string | undefined {
  const parts: string[] = []
  for (let at = 0; at < text.length; ) {
    const opening = text.indexOf('${', at)
    const before = text.slice(at, opening === -1 ? undefined : opening)
    if (before !== '') parts.push(JSON.stringify(before))
    if (opening === -1) break
    const closing = closingBrace(text, opening + 2)
    if (closing === undefined) return undefined
    const inner = text.slice(opening + 2, closing).trim()
    parts.push(/^[\w.$]+$/.test(inner) ? inner : `(${inner})`)
    at = closing + 1
  }
  return `\${ ${parts.join(' & ')} }`
}

function cut(node: YamlScalar, offsets: readonly number[], from: number, to: number): ExpressionTemplate {
  const inner = String(node.value).slice(from, to)
  const source = inner.trim()
  const begin = from + inner.length - inner.trimStart().length
  return { kind: 'expression', source, span: node.span, offsets: offsets.slice(begin, begin + source.length) }
}

/** Index of the `}` that closes what was opened before `from`; strings, quoted names and comments are skipped. */
function closingBrace(text: string, from: number): number | undefined {
  let depth = 0
  for (let at = from; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === '{') depth += 1
    else if (character === '}') {
      if (depth === 0) return at
      depth -= 1
    } else if (character === '"' || character === "'" || character === '`') at = endOfQuote(text, at)
    else if (text.startsWith('/*', at)) at = text.indexOf('*/', at + 2) + 1 || text.length
  }
  return undefined
}

function endOfQuote(text: string, start: number): number {
  const quote = text.charAt(start)
  for (let at = start + 1; at < text.length; at += 1) {
    if (text.charAt(at) === '\\' && quote !== '`') at += 1
    else if (text.charAt(at) === quote) return at
  }
  return text.length
}
