// Tree blobs: one folder's nodes as JSON, spelled as restic's Go encoder does. Source: restic doc/design.rst, "Trees and Data".
// A file's blob ids are kept packed, 32 bytes each: a segment has up to 65,536 of them.
import { isObject, type Json } from '../values/index.ts'
import { ID_BYTES } from './blobs.ts'
import { release } from './release.ts'

export type Node =
  | { readonly kind: 'file'; readonly name: string; readonly sizeBytes: number; readonly content: Buffer }
  | { readonly kind: 'dir'; readonly name: string; readonly subtree: string }
  /** Symlinks, devices …: what restic stores and Holdfast never writes. */
  | { readonly kind: 'other'; readonly name: string }

/** Go's `os.ModeDir | 0700` and `0600`. */
const DIRECTORY_MODE = 0x80000000 + 0o700
const FILE_MODE = 0o600
/** Nodes carry no times, so that equal content gives an equal tree; a snapshot has the true one. */
const NO_TIME = '1970-01-01T00:00:00Z'

/** The tree's plain bytes. Nodes must come in ascending order of name. */
export function encodeTree(nodes: readonly Exclude<Node, { kind: 'other' }>[]): Buffer {
  const parts: Buffer[] = [Buffer.from('{"nodes":[')]
  nodes.forEach((node, i) => {
    if (i > 0) parts.push(Buffer.from(','))
    const times = `"mtime":"${NO_TIME}","atime":"${NO_TIME}","ctime":"${NO_TIME}","uid":0,"gid":0`
    if (node.kind === 'dir') {
      parts.push(
        Buffer.from(
          `{"name":${quote(node.name)},"type":"dir","mode":${DIRECTORY_MODE},${times},"content":null,"subtree":"${node.subtree}"}`,
        ),
      )
      return
    }
    const size = node.sizeBytes > 0 ? `,"size":${node.sizeBytes}` : ''
    parts.push(Buffer.from(`{"name":${quote(node.name)},"type":"file","mode":${FILE_MODE},${times}${size},"content":`))
    parts.push(encodeContent(node.content), Buffer.from('}'))
  })
  parts.push(Buffer.from(']}\n'))
  const tree = Buffer.concat(parts)
  parts.forEach(release)
  return tree
}

const QUOTED_ID_BYTES = 2 * ID_BYTES + 3

function encodeContent(ids: Buffer): Buffer {
  const count = ids.length / ID_BYTES
  const text = Buffer.alloc(Math.max(2, 1 + count * QUOTED_ID_BYTES), '"')
  for (let i = 0; i < count; i += 1) {
    const at = 1 + i * QUOTED_ID_BYTES
    text.write(ids.toString('hex', i * ID_BYTES, (i + 1) * ID_BYTES), at + 1, 'latin1')
    text[at + QUOTED_ID_BYTES - 1] = 0x2c
  }
  text[0] = 0x5b
  text[text.length - 1] = 0x5d
  return text
}

/** Names here are plain (`nodeName` sees to it), so JSON's quoting and Go's agree. */
const quote = (name: string): string => JSON.stringify(name)

/** A name as a folder's name: any text, without what a path, a shell or Go's quoting would treat in its own way. */
export const nodeName = (text: string): string => (/^\.+$/.test(text) ? text.replaceAll('.', '%2E') : encodeURIComponent(text))

/** The nodes of a tree; undefined when the text is no tree. */
export function decodeTree(plain: Buffer): readonly Node[] | undefined {
  const contents: Buffer[] = []
  const tree = parse(takeContents(plain, contents))
  const nodes = isObject(tree) && Array.isArray(tree.nodes) ? tree.nodes.map((node) => decodeNode(node, contents)) : undefined
  return nodes?.every((node) => node !== undefined) ? nodes : undefined
}

const CONTENT = Buffer.from('"content":[')
const QUOTE = 0x22
const COMMA = 0x2c
const CLOSING = 0x5d

/**
 * The JSON with each well-formed list of ids replaced by its number in `contents`, where it is packed: as strings 65,536 ids would take
 * ten times the memory. A list in any other spelling stays, and is refused with its node. A quote inside a string is escaped, so the words of
 * CONTENT can only be a key.
 */
function takeContents(plain: Buffer, contents: Buffer[]): string {
  let rest = 0
  let text = ''
  for (let at = plain.indexOf(CONTENT); at >= 0; at = plain.indexOf(CONTENT, at + 1)) {
    const start = at + CONTENT.length
    const end = plain.indexOf(CLOSING, start)
    const ids = end < 0 ? undefined : packIds(plain, start, end)
    if (!ids) continue
    text += `${plain.toString('utf8', rest, start - 1)}${contents.push(ids) - 1}`
    rest = end + 1
  }
  return text + plain.toString('utf8', rest)
}

function packIds(plain: Buffer, start: number, end: number): Buffer | undefined {
  const count = end === start ? 0 : (end - start + 1) / QUOTED_ID_BYTES
  if (!Number.isInteger(count)) return undefined
  const ids = Buffer.allocUnsafeSlow(count * ID_BYTES)
  for (let i = 0; i < count; i += 1) {
    const at = start + i * QUOTED_ID_BYTES
    const last = at + QUOTED_ID_BYTES - 1
    const framed = plain[at] === QUOTE && plain[last - 1] === QUOTE && plain[last] === (i === count - 1 ? CLOSING : COMMA)
    if (!framed || ids.write(plain.toString('latin1', at + 1, last - 1), i * ID_BYTES, 'hex') !== ID_BYTES) return undefined
  }
  return ids
}

function decodeNode(node: Json, contents: readonly Buffer[]): Node | undefined {
  if (!isObject(node) || typeof node.name !== 'string' || typeof node.type !== 'string') return undefined
  const { name, type, subtree, content, size = 0 } = node
  if (type === 'dir') return typeof subtree === 'string' ? { kind: 'dir', name, subtree } : undefined
  if (type !== 'file') return { kind: 'other', name }
  const ids = typeof content === 'number' ? contents[content] : undefined
  return ids && typeof size === 'number' ? { kind: 'file', name, sizeBytes: size, content: ids } : undefined
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
