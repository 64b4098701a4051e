// One way to lay out a YAML document: order of keys as its schema has it, two spaces, blank lines between sections. Comments stay, and
// text stays as it is written. What a document means is not its business, so it may not change it.
import {
  type CollectionTag,
  CST,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml'
import { isObject, type JsonObject, type JsonSchema } from '../../values/index.ts'
import { keepingSource, type PlacedScalar, type Print } from './scalar-text.ts'

/** Widths at which the library breaks no line, or puts each item of a list or map in brackets on its own. */
const [KEEP, BREAK] = [0, 1]

/**
 * The document, laid out; line ends are those of Unix. `schema` is its JSON Schema: the document and what its `$defs` name get the order of
 * their properties, and `${ … }` is spaced where an expression may stand. `readYaml` must have found no problem in the text.
 */
export function formatYaml(text: string, schema: JsonSchema): string {
  const unixText = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  // A comment that stood at an odd place finds its own only once it is printed.
  return layOut(layOut(unixText, schema), schema)
}

function layOut(text: string, schema: JsonSchema): string {
  const document = parseDocument(text, {
    keepSourceTokens: true,
    logLevel: 'error',
    customTags: (tags) =>
      tags.map((tag) => (typeof tag === 'string' ? tag : tag.collection ? asBefore(tag) : keepingSource(tag))),
  })
  arrange(document.contents, schema, schema)
  if (isMap<Node, Node | null>(document.contents)) separateSections(document.contents)
  return document.toString({ indent: 2, indentSeq: true, lineWidth: KEEP })
}

/**
 * `[a, b]` and `{ a: 1 }`, in one line or in several as before.
 * The library's types know no `stringify` of a collection, but its printer calls one.
 */
const asBefore = (tag: CollectionTag): CollectionTag => {
  const stringify: Print = (value, context, onComment, onChompKeep) => {
    const { srcToken } = value as { srcToken?: CST.Token }
    const lineWidth = srcToken?.type === 'flow-collection' && CST.stringify(srcToken).trimEnd().includes('\n') ? BREAK : KEEP
    const flowCollectionPadding = tag.collection === 'map' ? ' ' : ''
    const options = { ...context.options, lineWidth }
    return (value as unknown as YAMLMap).toString({ ...context, flowCollectionPadding, options }, onComment, onChompKeep)
  }
  return Object.assign({ ...tag }, { stringify }) as unknown as CollectionTag
}

function arrange(node: Node | null, described: unknown, root: JsonSchema): void {
  const schema = resolve(described, root)
  // The blank line after a last comment is the next key's.
  if (node?.comment) node.comment = node.comment.replace(/\n+$/, '')
  if (isScalar(node)) (node as PlacedScalar).takesExpression = mayBeExpression(schema)
  else if (isSeq<Node>(node)) for (const item of node.items) arrange(item, isOpen(schema) ? {} : schema.items, root)
  else if (isMap<Node, Node | null>(node)) arrangeMap(node, schema, root)
}

function arrangeMap(map: YAMLMap<Node, Node | null>, schema: JsonObject, root: JsonSchema): void {
  const properties = isObject(schema.properties) ? schema.properties : {}
  if (isOrdered(schema, root)) sortLike(map, Object.keys(properties))
  const others = isOpen(schema) ? {} : schema.additionalProperties
  for (const pair of map.items) {
    commentBesideKey(pair)
    arrange(pair.value, properties[keyOf(pair)] ?? others, root)
  }
}

/** The document, and what its schema names, such as steps. Inside of them authors order what they write. */
const isOrdered = (schema: JsonObject, root: JsonSchema): boolean =>
  schema === root || (isObject(root.$defs) && Object.values(root.$defs).includes(schema))

function sortLike(map: YAMLMap<Node, Node | null>, order: readonly string[]): void {
  const place = (pair: Pair<Node, Node | null>): number => (order.indexOf(keyOf(pair)) + order.length + 1) % (order.length + 1)
  liftComment(map)
  map.items.sort((a, b) => place(a) - place(b))
  liftComment(map)
}

/** What stands above the first key stands above the whole map. */
function liftComment(map: YAMLMap<Node, Node | null>): void {
  const first = map.items[0]?.key
  if (!first) return
  if (first.commentBefore) map.commentBefore = [map.commentBefore, first.commentBefore].filter(Boolean).join('\n')
  first.commentBefore = null
  first.spaceBefore = false
}

/** `use: # why` stays in one line, where the library would put the comment below; and no blank line follows the key. */
function commentBesideKey({ key, value, srcToken }: Pair<Node, Node | null>): void {
  if (!isCollection(value) || value.flow) return
  value.spaceBefore = false
  if (!value.commentBefore) return
  const separators = srcToken?.sep ?? []
  const comment = separators.findIndex(({ type }) => type === 'comment')
  const newline = separators.findIndex(({ type }) => type === 'newline')
  const isBeside = comment !== -1 && (newline === -1 || comment < newline)
  const [first = '', ...others] = value.commentBefore.split('\n')
  if (isBeside) key.comment = first
  const below = (isBeside ? others : [first, ...others]).join('\n').replace(/^\n+|\n+$/g, '')
  value.commentBefore = below === '' ? null : below
}

const keyOf = ({ key }: Pair<Node, Node | null>): string => (isScalar(key) ? String(key.value) : '')

/** A blank line before and after each section, none between the lines of the head. */
function separateSections({ items }: YAMLMap<Node, Node | null>): void {
  items.forEach(({ key, value }, index) => {
    const before = items[index - 1]
    key.spaceBefore = before !== undefined && (isCollection(value) || isCollection(before.value))
  })
}

// ---- what a schema says of a place --------------------------------------------------------------------------------

/** Without a reference or a choice between an expression and something else. */
function resolve(described: unknown, root: JsonSchema): JsonObject {
  if (!isObject(described)) return NOTHING_KNOWN
  if (typeof described.$ref === 'string') {
    const steps = described.$ref.slice(2).split('/')
    return resolve(
      steps.reduce<unknown>((at, step) => (isObject(at) ? at[step] : undefined), root),
      root,
    )
  }
  return described
}

/** Of a place that the schema does not describe: nothing there is touched. */
const NOTHING_KNOWN: JsonObject = { type: 'unknown' }

const SHAPE_WORDS = ['type', 'enum', 'const', 'anyOf', 'properties', 'items', 'pattern']
/** Takes any value, and therefore expressions at any depth. */
const isOpen = (schema: JsonObject): boolean => !SHAPE_WORDS.some((word) => Object.hasOwn(schema, word))

const mayBeExpression = (schema: JsonObject): boolean =>
  isOpen(schema) ||
  (Array.isArray(schema.anyOf) && schema.anyOf.some((each) => isObject(each) && String(each.pattern).includes('\\$\\{')))
