// Shapes that stand in several schemas and are said once: a pack's own under `shapes`, and those that every pack speaks. They are put in
// the place of `$ref: '#/shapes/<name>'` before anything else reads a schema.
import type { Diagnostic, Span } from '../diagnostics/index.ts'
import type { YamlNode } from '../language/index.ts'
import { isObject, type Json, type JsonObject, type JsonSchema } from '../values/index.ts'
import * as codes from './codes.ts'
import { COMMON_SHAPES } from './common-shapes.ts'
import { keySpanAt, type Path, spanAt } from './place.ts'
import type { RawAction, RawPack } from './raw-manifest.ts'

/** The manifest with shapes in the places of the references to them; what is wrong with a reference goes to `diagnostics`. */
export function withShapes(raw: RawPack, root: YamlNode, diagnostics: Diagnostic[]): RawPack {
  const own = raw.shapes ?? {}
  const shapes: Shapes = { ...own, ...COMMON_SHAPES }
  const filled = (schema: JsonSchema, at: Path, shape?: string): JsonSchema =>
    fill(
      schema,
      shapes,
      (problem, name, path) => {
        diagnostics.push(worded(problem, spanAt(root, [...at, ...path]), name, Object.keys(shapes)))
      },
      shape,
    )
  for (const name of Object.keys(own).filter((each) => Object.hasOwn(COMMON_SHAPES, each)))
    diagnostics.push(codes.shapeTaken(keySpanAt(root, ['shapes', name]), name))
  const ofAction = (action: RawAction, name: string): RawAction => ({
    ...action,
    input: filled(action.input, ['actions', name, 'input']),
    output: filled(action.output, ['actions', name, 'output']),
  })
  return {
    ...raw,
    shapes: mapValues(own, (schema, name) => filled(schema, ['shapes', name], name)),
    actions: mapValues(raw.actions ?? {}, ofAction),
  }
}

function worded(problem: ShapeProblem, span: Span, name: string, known: readonly string[]): Diagnostic {
  switch (problem.kind) {
    case 'unknown':
      return codes.nameUnknown(span, 'shape', name, known)
    case 'circular':
      return codes.shapeCircular(span, name)
    case 'twice':
      return codes.shapeTwice(span, name, problem.keyword)
  }
}

/** What is wrong with a reference. `twice`: a keyword that stands beside it and in the shape. */
type ShapeProblem = { readonly kind: 'unknown' | 'circular' } | { readonly kind: 'twice'; readonly keyword: string }

type Shapes = Readonly<Record<string, JsonSchema>>
type Report = (problem: ShapeProblem, name: string, path: Path) => void

const PREFIX = '#/shapes/'
/** These may stand beside a reference whatever the shape says, and count. */
const MAY_DIFFER: ReadonlySet<string> = new Set(['description', 'title', 'x-means'])

const shapeNamed = (schema: Json | undefined): string | undefined =>
  isObject(schema) && typeof schema.$ref === 'string' && schema.$ref.startsWith(PREFIX)
    ? schema.$ref.slice(PREFIX.length)
    : undefined

/** A schema with the shapes in the places of the references to them. `own`: the shape that the schema is, where it is one. */
function fill(schema: JsonSchema, shapes: Shapes, report: Report, own?: string): JsonSchema {
  const visit = (at: Json, path: Path): Json => {
    if (Array.isArray(at)) return at.map((item: Json, index) => visit(item, [...path, String(index)]))
    if (!isObject(at)) return at
    const name = shapeNamed(at)
    if (name === undefined) return mapValues(at, (value, key) => visit(value, [...path, key]))
    const { $ref: _, ...beside } = mapValues(at, (value, key) => (key === '$ref' ? value : visit(value, [...path, key])))
    const say = (problem: ShapeProblem): void => report(problem, name, [...path, '$ref'])
    const shape = shapeOf(name, shapes)
    if (shape === undefined) say({ kind: 'unknown' })
    else if (own !== undefined && reachedFrom(name, shapes).has(own)) say({ kind: 'circular' })
    const keyword = Object.keys(beside).find((key) => Object.hasOwn(shape ?? {}, key) && !MAY_DIFFER.has(key))
    if (keyword !== undefined) say({ kind: 'twice', keyword })
    // What is wrong inside of a shape is said at the shape.
    const closed = shape === undefined || reachedFrom(name, shapes, false).has(name)
    return closed ? beside : { ...fill(shape, shapes, () => {}), ...beside }
  }
  return visit(schema, []) as JsonSchema
}

const shapeOf = (name: string, shapes: Shapes): JsonSchema | undefined => (Object.hasOwn(shapes, name) ? shapes[name] : undefined)

/** All shapes that a shape refers to, by way of others too. */
function reachedFrom(name: string, shapes: Shapes, itself = true): ReadonlySet<string> {
  const reached = new Set<string>(itself ? [name] : [])
  const visit = (at: Json | undefined): void => {
    if (typeof at !== 'object' || at === null) return
    const next = shapeNamed(at)
    if (next !== undefined && !reached.has(next)) {
      reached.add(next)
      visit(shapeOf(next, shapes))
    }
    for (const value of Object.values(at)) visit(value)
  }
  visit(shapeOf(name, shapes))
  return reached
}

const mapValues = <From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From, key: string) => To,
): Readonly<Record<string, To>> => Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]))

/** Where what a path leads to is written: of what came from a shape, in the shape. `manifest` is as it is written. */
export function writtenAt(manifest: JsonObject, path: Path): Path {
  let at: Json | undefined = manifest
  let place: Path = []
  for (const key of path) {
    const shape = shapeNamed(at)
    if (shape !== undefined && isObject(at) && !Object.hasOwn(at, key)) {
      place = ['shapes', shape]
      at = within(within(manifest, 'shapes'), shape)
    }
    place = [...place, key]
    at = within(at, key)
  }
  return place
}

const within = (value: Json | undefined, key: string): Json | undefined =>
  typeof value === 'object' && value !== null ? (value as JsonObject)[key] : undefined
