// What is known of a value before the run: for each kind of JSON value whether it may be one, and whether there may be none.
// Plain data; a slot that is not there means "never that". It knows neither expressions nor schemas.

export interface Type {
  /** Any value at all. Nothing else is known then but `absent`. */
  readonly any?: true
  readonly absent?: Absence
  /** It must be told nobody. */
  readonly secret?: true
  readonly null?: true
  readonly boolean?: true
  readonly number?: 'integer' | 'number'
  /** A list: one of these texts. */
  readonly string?: true | readonly string[]
  readonly array?: ListType
  readonly object?: ObjectType
  readonly function?: true
}

/**
 * Why there may be no value. `missing`: a property that may not be there. `empty`: a list that may hold nothing, which a slot
 * for lists takes as `[]`. `unknown`: nobody knows whether there always is one.
 */
export type Absence = 'missing' | 'empty' | 'unknown'

export interface ListType {
  readonly items: Type
  /** At least this many. */
  readonly min: number
  /** A path may have built it as one of its steps: then further paths do not take it apart. */
  readonly built?: true
}

export interface ObjectType {
  /** A property that may not be there has `absent`. */
  readonly properties: Readonly<Record<string, Type>>
  /** What any other property is; none is there without it. */
  readonly rest?: Type
  /** Of a step's output: what it is when the step was not skipped. */
  readonly ran?: ObjectType
  /** Of a target: its connection type, qualified. */
  readonly connections?: readonly string[]
  /** Of a handle: the resource types it may stand for. */
  readonly resources?: readonly string[]
  /** Of a handle: the blocks that may release what it stands for. */
  readonly owners?: readonly string[]
}

/** No value is of this type: the type of nothing that ever happens. */
export const NEVER: Type = {}
export const UNKNOWN: Type = { any: true, absent: 'unknown' }
export const ABSENT: Type = { absent: 'missing' }
export const EMPTY: Type = { absent: 'empty' }
export const TEXT: Type = { string: true }
export const TRUTH: Type = { boolean: true }
export const NUMBER: Type = { number: 'number' }
export const FUNCTION: Type = { function: true }

export const listOf = (items: Type, min = 0): Type => ({ array: { items: present(items), min } })

/** An object with exactly these properties. */
export const record = (properties: Readonly<Record<string, Type>>): Type => ({ object: { properties } })

export const KINDS = ['null', 'boolean', 'number', 'string', 'array', 'object', 'function'] as const
export type Kind = (typeof KINDS)[number]

export const kindsOf = (type: Type): readonly Kind[] => KINDS.filter((kind) => type[kind] !== undefined)

/** There may be a value. */
export const mayBePresent = (type: Type): boolean => type.any === true || kindsOf(type).length > 0

/** It is known that there may be no value. */
export const mayBeAbsent = ({ absent }: Type): boolean => absent === 'missing' || absent === 'empty'

/** The type of the value, given that there is one. */
export function present(type: Type): Type {
  if (type.absent === undefined) return type
  const { absent: _, ...rest } = type
  return rest
}

export const optional = (type: Type, absent: Absence = 'missing'): Type => union(type, { absent })

const ABSENCES: readonly (Absence | undefined)[] = [undefined, 'unknown', 'empty', 'missing']
const TEXTS_LIMIT = 32

export function unionOf(types: Iterable<Type>): Type {
  let all = NEVER
  for (const type of types) all = union(all, type)
  return all
}

export function union(a: Type, b: Type): Type {
  if (a === b || b === NEVER) return a
  if (a === NEVER) return b
  const absence = ABSENCES[Math.max(ABSENCES.indexOf(a.absent), ABSENCES.indexOf(b.absent))]
  const marks = {
    ...(absence === undefined ? {} : { absent: absence }),
    ...(a.secret || b.secret ? { secret: true as const } : {}),
  }
  if (a.any || b.any) return { any: true, ...marks }
  const number = a.number && b.number ? (a.number === b.number ? a.number : 'number') : (a.number ?? b.number)
  const string = either(a.string, b.string, unionOfTexts)
  const array = either(a.array, b.array, unionOfLists)
  const object = either(a.object, b.object, unionOfObjects)
  return {
    ...marks,
    ...(a.null || b.null ? { null: true } : {}),
    ...(a.boolean || b.boolean ? { boolean: true } : {}),
    ...(number ? { number } : {}),
    ...(string ? { string } : {}),
    ...(array ? { array } : {}),
    ...(object ? { object } : {}),
    ...(a.function || b.function ? { function: true } : {}),
  }
}

const either = <T>(a: T | undefined, b: T | undefined, both: (a: T, b: T) => T): T | undefined =>
  a === undefined ? b : b === undefined ? a : both(a, b)

function unionOfTexts(a: true | readonly string[], b: true | readonly string[]): true | readonly string[] {
  if (a === true || b === true) return true
  const texts = [...new Set([...a, ...b])]
  return texts.length > TEXTS_LIMIT ? true : texts
}

const unionOfLists = (a: ListType, b: ListType): ListType => ({
  items: union(a.items, b.items),
  min: Math.min(a.min, b.min),
  ...(a.built || b.built ? { built: true } : {}),
})

function unionOfObjects(a: ObjectType, b: ObjectType): ObjectType {
  if (a === b) return a
  const names = new Set([...Object.keys(a.properties), ...Object.keys(b.properties)])
  const properties = Object.fromEntries([...names].map((name) => [name, union(ownProperty(a, name), ownProperty(b, name))]))
  const rest = either(a.rest, b.rest, union)
  return {
    properties,
    ...(rest ? { rest: optional(rest, 'unknown') } : {}),
    ...(a.connections && b.connections ? { connections: merged(a.connections, b.connections) } : {}),
    ...(a.resources && b.resources ? { resources: merged(a.resources, b.resources) } : {}),
    ...(a.owners || b.owners ? { owners: merged(a.owners ?? [], b.owners ?? []) } : {}),
  }
}

const merged = (a: readonly string[], b: readonly string[]): readonly string[] => [...new Set([...a, ...b])]

/** The value, or some part of it, is secret. */
export function holdsSecret({ secret, array, object }: Type): boolean {
  if (secret) return true
  if (array && holdsSecret(array.items)) return true
  return object !== undefined && [...Object.values(object.properties), object.rest ?? NEVER].some(holdsSecret)
}

export function ownProperty({ properties, rest }: ObjectType, name: string): Type {
  return (Object.hasOwn(properties, name) ? properties[name] : rest) ?? ABSENT
}
