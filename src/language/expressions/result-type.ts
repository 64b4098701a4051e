// The JSON type that an expression yields whenever it yields anything, where its outermost operator or function tells.
import { compile } from './compile.ts'
import { isTree } from './tree.ts'

export type ResultType = 'string' | 'number' | 'boolean'

const BY_OPERATOR: Readonly<Record<string, ResultType>> = {
  '&': 'string',
  '+': 'number',
  '-': 'number',
  '*': 'number',
  '/': 'number',
  '%': 'number',
  '=': 'boolean',
  '!=': 'boolean',
  '<': 'boolean',
  '<=': 'boolean',
  '>': 'boolean',
  '>=': 'boolean',
  in: 'boolean',
  and: 'boolean',
  or: 'boolean',
}

/** JSONata's own functions whose result has one type. */
const BY_FUNCTION: Readonly<Record<string, ResultType>> = {
  string: 'string',
  join: 'string',
  lowercase: 'string',
  uppercase: 'string',
  trim: 'string',
  substring: 'string',
  substringBefore: 'string',
  substringAfter: 'string',
  pad: 'string',
  fromMillis: 'string',
  formatNumber: 'string',
  count: 'number',
  sum: 'number',
  length: 'number',
  number: 'number',
  floor: 'number',
  ceil: 'number',
  round: 'number',
  abs: 'number',
  toMillis: 'number',
  not: 'boolean',
  exists: 'boolean',
  boolean: 'boolean',
  contains: 'boolean',
}

export function resultType(source: string): ResultType | undefined {
  const compilation = compile(source)
  if (!compilation.ok) return undefined
  const { type, value, procedure } = compilation.compiled.tree
  if (type === 'binary') return own(BY_OPERATOR, value)
  if (type === 'function' && isTree(procedure) && procedure.type === 'variable') return own(BY_FUNCTION, procedure.value)
  if (type === 'string' || type === 'number') return type
  return type === 'value' && typeof value === 'boolean' ? 'boolean' : undefined
}

const own = (table: Readonly<Record<string, ResultType>>, key: unknown): ResultType | undefined =>
  typeof key === 'string' && Object.hasOwn(table, key) ? table[key] : undefined
