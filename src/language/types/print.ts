// Types and functions as an editor shows them: short, one line, in the words of the language.
import { REFUSED_FUNCTIONS } from '../expressions/index.ts'
import { SIGNATURES } from './signatures.ts'
import { type Kind, kindsOf, mayBeAbsent, type ObjectType, present, type Type } from './type.ts'

const SHOWN_PROPERTIES = 8
const SHOWN_TEXTS = 8

/** Such as `list of { disk: text, sizeBytes: whole number }`. What may be absent says so. */
export function typeText(type: Type, depth = 2): string {
  const text = valueText(present(type), depth)
  return mayBeAbsent(type) ? `${text}, may be absent` : text
}

function valueText(type: Type, depth: number): string {
  if (type.any) return 'anything'
  const kinds = kindsOf(type)
  return kinds.length === 0 ? 'nothing' : kinds.map((kind) => kindText(kind, type, depth)).join(' or ')
}

function kindText(kind: Kind, type: Type, depth: number): string {
  switch (kind) {
    case 'null':
      return 'null'
    case 'boolean':
      return 'true or false'
    case 'number':
      return type.number === 'integer' ? 'whole number' : 'number'
    case 'string':
      return Array.isArray(type.string) && type.string.length <= SHOWN_TEXTS
        ? type.string.map((text) => JSON.stringify(text)).join(' or ')
        : 'text'
    case 'array':
      return `list of ${valueText(type.array?.items ?? {}, depth)}`
    case 'object':
      return type.object ? objectText(type.object, depth) : 'object'
    case 'function':
      return 'function'
  }
}

function objectText({ properties, connections, resources }: ObjectType, depth: number): string {
  if (connections) return `target of type ${connections.join(' or ')}`
  if (resources) return `handle of ${resources.join(' or ')}`
  const all = Object.entries(properties)
  if (all.length === 0 || depth === 0) return 'object'
  const shown = all
    .slice(0, SHOWN_PROPERTIES)
    .map(([name, each]) => `${name}${mayBeAbsent(each) ? '?' : ''}: ${valueText(present(each), depth - 1)}`)
  return `{ ${shown.join(', ')}${all.length > SHOWN_PROPERTIES ? ', …' : ''} }`
}

const PARAMETERS: Readonly<Record<string, string>> = {
  s: 'text',
  n: 'number',
  b: 'condition',
  o: 'object',
  a: 'list',
  an: 'numbers',
  as: 'texts',
  ao: 'objects',
  f: 'function',
  x: 'value',
  sf: 'text or regex',
  nsb: 'value',
  oa: 'value',
}

export interface FunctionText {
  /** Without the `$`. */
  readonly name: string
  /** Such as `$substring(text, number, number?) → text`. */
  readonly signature: string
}

/** JSONata's own functions that a runbook may call. */
export const functionTexts: readonly FunctionText[] = [...SIGNATURES]
  .filter(([name]) => !Object.hasOwn(REFUSED_FUNCTIONS, name))
  .map(([name, { parameters, needed, result }]) => {
    const shown = parameters.map((kinds, index) => `${PARAMETERS[kinds]}${index < needed ? '' : '?'}`)
    return { name, signature: `$${name}(${shown.join(', ')})${result ? ` → ${typeText(result)}` : ''}` }
  })
