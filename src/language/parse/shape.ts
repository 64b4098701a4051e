// Shapes: one description of a piece of the language that reads it, diagnoses it and yields its JSON Schema.
import type { Diagnostic, Span } from '../../diagnostics/index.ts'
import type { Json, JsonObject, JsonSchema } from '../../values/index.ts'
import * as codes from '../codes/index.ts'
import type { YamlMap, YamlNode } from '../syntax/index.ts'

export interface Reading {
  readonly diagnostics: Diagnostic[]
  /** The whole text. */
  readonly text: string
  /** Steps that could not be read, each with its text, by id: references to them are no further problem. */
  readonly broken: Map<string, string>
}

export interface Shape<T> {
  readonly schema: JsonSchema
  /** Undefined when it cannot be read; the reason is among the diagnostics by then. */
  read(node: YamlNode, to: Reading): T | undefined
}

export interface Spanned<T> {
  readonly value: T
  readonly span: Span
}

/** A shape read from the node's plain value; `expected` completes "expected …". */
export function scalar<T>(schema: JsonSchema, expected: string, take: (value: Json) => T | undefined): Shape<T> {
  return {
    schema,
    read(node, to) {
      const value = node.kind === 'scalar' ? take(node.value) : undefined
      if (value !== undefined) return value
      to.diagnostics.push(
        isExpression(node) ? codes.expressionRefused(node.span, expected) : codes.valueInvalid(node.span, expected),
      )
      return undefined
    },
  }
}

export const isExpression = (node: YamlNode): boolean =>
  node.kind === 'scalar' && typeof node.value === 'string' && node.value.trimStart().startsWith('${')

export const text = (expected: string, pattern?: RegExp): Shape<string> =>
  scalar({ type: 'string', ...(pattern ? { pattern: pattern.source } : {}) }, expected, (value) =>
    typeof value === 'string' && (pattern?.test(value) ?? true) && !value.trimStart().startsWith('${') ? value : undefined,
  )

export const oneOf = <const T extends string>(...words: readonly T[]): Shape<T> =>
  scalar({ enum: words }, words.join(' or '), (value) => words.find((word) => word === value))

export const numberFrom = (minimum: number, expected: string): Shape<number> =>
  scalar({ type: 'number', minimum }, expected, (value) => (typeof value === 'number' && value >= minimum ? value : undefined))

export const integerFrom = (minimum: number, expected: string): Shape<number> =>
  scalar({ type: 'integer', minimum }, expected, (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= minimum ? value : undefined,
  )

export const ID = /^[a-z][A-Za-z0-9]*$/

/** `what` completes "… cannot be …". */
export const identifier = (what: string): Shape<string> => ({
  schema: { type: 'string', pattern: ID.source },
  read(node, to) {
    if (node.kind === 'scalar' && typeof node.value === 'string') {
      if (ID.test(node.value)) return node.value
      to.diagnostics.push(codes.idInvalid(node.span, what, node.value))
    } else to.diagnostics.push(codes.valueInvalid(node.span, what))
    return undefined
  },
})

export const spanned = <T>(shape: Shape<T>): Shape<Spanned<T>> => mapped(shape, (value, node) => ({ value, span: node.span }))

export function mapped<T, U>(shape: Shape<T>, change: (value: T, node: YamlNode, to: Reading) => U | undefined): Shape<U> {
  return {
    schema: shape.schema,
    read(node, to) {
      const value = shape.read(node, to)
      return value === undefined ? undefined : change(value, node, to)
    },
  }
}

/** For shapes that hold themselves; `name` is a key of `$defs`. */
export const named = <T>(name: string, shape: () => Shape<T>): Shape<T> => ({
  schema: { $ref: `#/$defs/${name}` },
  read: (node, to) => shape().read(node, to),
})

export const listOf = <T>(item: Shape<T>, expected: string, atLeast = 0): Shape<readonly T[]> => ({
  schema: { type: 'array', items: item.schema, ...(atLeast > 0 ? { minItems: atLeast } : {}) },
  read(node, to) {
    if (node.kind !== 'list' || node.items.length < atLeast) {
      to.diagnostics.push(codes.valueInvalid(node.span, expected))
      return undefined
    }
    return node.items.map((each) => item.read(each, to)).filter((each) => each !== undefined)
  },
})

export interface NamedValue<T> {
  readonly name: string
  readonly nameSpan: Span
  readonly value: T
}

/** A map whose keys the author chooses; `check` diagnoses a key. */
export const mapOf = <T>(
  value: Shape<T>,
  expected: string,
  check: (name: string, span: Span, to: Reading) => void = () => undefined,
  atLeast = 0,
): Shape<readonly NamedValue<T>[]> => ({
  schema: { type: 'object', additionalProperties: value.schema, ...(atLeast > 0 ? { minProperties: atLeast } : {}) },
  read(node, to) {
    if (node.kind !== 'map' || node.entries.length < atLeast) {
      to.diagnostics.push(codes.valueInvalid(node.span, expected))
      return undefined
    }
    return node.entries.flatMap((entry) => {
      check(entry.key, entry.keySpan, to)
      const read = value.read(entry.value, to)
      return read === undefined ? [] : [{ name: entry.key, nameSpan: entry.keySpan, value: read }]
    })
  },
})

export const ids =
  (what: string) =>
  (name: string, span: Span, to: Reading): void => {
    if (name !== '' && !ID.test(name)) to.diagnostics.push(codes.idInvalid(span, what, name))
  }

// ---- maps with known keys -----------------------------------------------------------------------------------------

export interface Key<T, Required extends boolean = boolean> {
  readonly shape: Shape<T>
  readonly required: Required
  readonly description: string
}

export const required = <T>(shape: Shape<T>, description: string): Key<T, true> => ({ shape, required: true, description })
export const optional = <T>(shape: Shape<T>, description: string): Key<T, false> => ({ shape, required: false, description })

export type Keys = Readonly<Record<string, Key<unknown>>>
type ValueOf<K> = K extends Key<infer T> ? T : never
type RequiredNames<K extends Keys> = { [N in keyof K]: K[N] extends Key<unknown, true> ? N : never }[keyof K]
export type Read<K extends Keys> = { readonly [N in RequiredNames<K>]: ValueOf<K[N]> } & {
  readonly [N in Exclude<keyof K, RequiredNames<K>>]?: ValueOf<K[N]>
}

/** A map with these keys and no others; `where` begins "… has no key". */
export function object<const K extends Keys>(where: string, keys: K): Shape<Read<K>> {
  return {
    schema: objectSchema(keys),
    read(node, to) {
      const map = asMap(node, where, to)
      if (!map) return undefined
      refuseOthers(map, Object.keys(keys), where, to)
      return readKeys(map, keys, where, to)
    },
  }
}

export function objectSchema(keys: Keys): JsonObject {
  const needed = Object.keys(keys).filter((name) => keys[name]?.required)
  return {
    type: 'object',
    additionalProperties: false,
    ...(needed.length > 0 ? { required: needed } : {}),
    properties: propertySchemas(keys),
  }
}

export const propertySchemas = (keys: Keys): JsonObject =>
  Object.fromEntries(Object.entries(keys).map(([name, { shape, description }]) => [name, { ...shape.schema, description }]))

export function asMap(node: YamlNode, where: string, to: Reading): YamlMap | undefined {
  if (node.kind === 'map') return node
  to.diagnostics.push(codes.valueInvalid(node.span, `${where} to be a map`))
  return undefined
}

export function refuseOthers(map: YamlMap, known: readonly string[], where: string, to: Reading): void {
  for (const { key, keySpan } of map.entries) {
    if (!known.includes(key)) to.diagnostics.push(codes.keyUnknown(keySpan, key, known, where))
  }
}

/** Reads all keys, so that all problems show, and answers undefined when a required one could not be read. */
export function readKeys<const K extends Keys>(map: YamlMap, keys: K, where: string, to: Reading): Read<K> | undefined {
  const values: Record<string, unknown> = {}
  let whole = true
  for (const [name, key] of Object.entries(keys)) {
    const entry = map.entries.find((each) => each.key === name)
    const value = entry && key.shape.read(entry.value, to)
    if (value !== undefined) values[name] = value
    else if (key.required) whole = false
    if (!entry && key.required) to.diagnostics.push(codes.keyMissing(headOf(map), name, where))
  }
  // The loop above is the proof: each required key has a value.
  return whole ? (values as Read<K>) : undefined
}

/** The first key: a whole block would underline too much. */
export const headOf = (map: YamlMap): Span => map.entries[0]?.keySpan ?? map.span
