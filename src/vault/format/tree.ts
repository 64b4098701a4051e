// Tree blobs: one folder's nodes as JSON, spelled as restic's Go encoder does. Source: restic doc/design.rst, "Trees and Data".
// A file's blob ids are kept packed, 32 bytes each: a segment has up to 65,536 of them.
import { isObject, type Json, type JsonObject } from '../../values/index.ts'
import { ID_BYTES } from './blobs.ts'
import { release } from './release.ts'

/** What a file system says of a node beside its content; disks have none. Texts as restic spells them. */
export interface Metadata {
  /** Go's `os.FileMode`, the kind of node among its bits. */
  readonly mode: number
  /** RFC 3339, to the nanosecond. */
  readonly mtime: string
  readonly atime: string
  readonly ctime: string
  readonly uid: number
  readonly gid: number
  readonly user?: string
  readonly group?: string
  /** Decimal: they have 64 bits. Nodes that share both are hard links of one file. */
  readonly inode: string
  readonly deviceId: string
  readonly links?: string
  /** None where there are none, and where nobody could read them. */
  readonly attributes?: readonly Attribute[]
}

/** An extended attribute. */
export interface Attribute {
  readonly name: string
  /** Base64. */
  readonly value: string
}

interface OfAnyKind {
  /** As in the tree: `goUnquote` gives the name's bytes. */
  readonly name: string
  readonly metadata?: Metadata
}

export type Node =
  | (OfAnyKind & { readonly kind: 'file'; readonly sizeBytes: number; readonly content: Buffer })
  | (OfAnyKind & { readonly kind: 'dir'; readonly subtree: string })
  /** Text that is no UTF-8 has its bytes in `rawTarget`, base64. */
  | (OfAnyKind & { readonly kind: 'symlink'; readonly target: string; readonly rawTarget?: string })
  /** Devices, pipes, sockets, and whatever else restic may store. */
  | (OfAnyKind & { readonly kind: 'other'; readonly type: string; readonly device?: string })

/** Go's `os.ModeDir | 0700` and `0600`. */
const DIRECTORY_MODE = 0x80000000 + 0o700
const FILE_MODE = 0o600
/** The nodes of disks carry no times, so that equal content gives an equal tree; a snapshot has the true one. */
const NO_TIME = '1970-01-01T00:00:00Z'

/** The tree's plain bytes. Nodes must come in ascending order of the bytes of their names. */
export function encodeTree(nodes: readonly Node[]): Buffer {
  const parts: Buffer[] = [Buffer.from('{"nodes":[')]
  nodes.forEach((node, i) => {
    if (i > 0) parts.push(Buffer.from(','))
    parts.push(...encodeNode(node))
  })
  parts.push(Buffer.from(']}\n'))
  const tree = Buffer.concat(parts)
  parts.forEach(release)
  return tree
}

/** Keys in the order of restic's struct; what is empty there is left out here. */
function encodeNode(node: Node): readonly Buffer[] {
  const { name, metadata } = node
  const head = (type: string, mode: number): string =>
    `{"name":${goJson(name)},"type":"${type}",${encodeMetadata(metadata, mode)}`
  const links = metadata?.links === undefined ? '' : `,"links":${metadata.links}`
  const attributes = encodeAttributes(metadata?.attributes ?? [])
  switch (node.kind) {
    case 'file': {
      const size = node.sizeBytes > 0 ? `,"size":${node.sizeBytes}` : ''
      return [
        Buffer.from(`${head('file', FILE_MODE)}${size}${links}${attributes},"content":`),
        encodeContent(node.content),
        Buffer.from('}'),
      ]
    }
    case 'dir':
      return [Buffer.from(`${head('dir', DIRECTORY_MODE)}${attributes},"content":null,"subtree":"${node.subtree}"}`)]
    case 'symlink': {
      const raw = node.rawTarget === undefined ? '' : `,"linktarget_raw":"${node.rawTarget}"`
      return [Buffer.from(`${head('symlink', 0)}${links},"linktarget":${goJson(node.target)}${raw}${attributes},"content":null}`)]
    }
    case 'other': {
      const device = node.device === undefined ? '' : `,"device":${node.device}`
      return [Buffer.from(`${head(node.type, 0)}${links}${attributes}${device},"content":null}`)]
    }
    default: {
      const never: never = node
      throw new Error(`unknown node ${JSON.stringify(never)}`)
    }
  }
}

function encodeMetadata(metadata: Metadata | undefined, mode: number): string {
  if (!metadata) return `"mode":${mode},"mtime":"${NO_TIME}","atime":"${NO_TIME}","ctime":"${NO_TIME}","uid":0,"gid":0`
  const { mtime, atime, ctime, uid, gid, user, group, inode, deviceId } = metadata
  const names = `${user === undefined ? '' : `,"user":${goJson(user)}`}${group === undefined ? '' : `,"group":${goJson(group)}`}`
  const times = `"mtime":"${mtime}","atime":"${atime}","ctime":"${ctime}"`
  return `"mode":${metadata.mode},${times},"uid":${uid},"gid":${gid}${names},"inode":${inode},"device_id":${deviceId}`
}

const encodeAttributes = (attributes: readonly Attribute[]): string =>
  attributes.length === 0
    ? ''
    : `,"extended_attributes":[${attributes.map(({ name, value }) => `{"name":${goJson(name)},"value":"${value}"}`).join(',')}]`

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

/** JSON as Go spells it: what could be markup is escaped. */
const goJson = (text: string): string =>
  JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** A name as a folder's name: any text, without what a path, a shell or Go's quoting would treat in its own way. */
export const nodeName = (text: string): string => (/^\.+$/.test(text) ? text.replaceAll('.', '%2E') : encodeURIComponent(text))

/** The nodes of a tree; undefined when the text is no tree. */
export function decodeTree(plain: Buffer): readonly Node[] | undefined {
  const contents: Buffer[] = []
  const tree = parse(takeContents(plain, contents).replace(LONG_NUMBERS, '"$1":"$2"'))
  const nodes = isObject(tree) && Array.isArray(tree.nodes) ? tree.nodes.map((node) => decodeNode(node, contents)) : undefined
  return nodes?.every((node) => node !== undefined) ? nodes : undefined
}

/** Numbers of 64 bits, which JSON.parse would round. */
const LONG_NUMBERS = /"(inode|device_id|device|links)":(\d+)/g

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
  const { name, type, subtree, content, size = 0, linktarget = '', linktarget_raw: rawTarget, device } = node
  const metadata = decodeMetadata(node)
  const any = { name, ...(metadata ? { metadata } : {}) }
  if (type === 'dir') return typeof subtree === 'string' ? { kind: 'dir', ...any, subtree } : undefined
  if (type === 'symlink' && typeof linktarget === 'string')
    return { kind: 'symlink', ...any, target: linktarget, ...(typeof rawTarget === 'string' ? { rawTarget } : {}) }
  if (type !== 'file') return { kind: 'other', ...any, type, ...(typeof device === 'string' ? { device } : {}) }
  const ids = typeof content === 'number' ? contents[content] : undefined
  return ids && typeof size === 'number' ? { kind: 'file', ...any, sizeBytes: size, content: ids } : undefined
}

/** Undefined where a node has no inode: it stands for no file of a file system, or for one that told less. */
function decodeMetadata(node: JsonObject): Metadata | undefined {
  const { mode, mtime, atime, ctime, uid, gid, user, group, inode, device_id: deviceId, links } = node
  if (typeof mode !== 'number' || typeof inode !== 'string' || typeof deviceId !== 'string') return undefined
  if (typeof mtime !== 'string' || typeof atime !== 'string' || typeof ctime !== 'string') return undefined
  return {
    mode,
    mtime,
    atime,
    ctime,
    uid: typeof uid === 'number' ? uid : 0,
    gid: typeof gid === 'number' ? gid : 0,
    ...(typeof user === 'string' ? { user } : {}),
    ...(typeof group === 'string' ? { group } : {}),
    inode,
    deviceId,
    ...(typeof links === 'string' ? { links } : {}),
    ...(Array.isArray(node.extended_attributes) ? { attributes: node.extended_attributes.flatMap(decodeAttribute) } : {}),
  }
}

/** Go writes an empty value as null too. */
const decodeAttribute = (attribute: Json): readonly Attribute[] =>
  isObject(attribute) && typeof attribute.name === 'string'
    ? [{ name: attribute.name, value: typeof attribute.value === 'string' ? attribute.value : '' }]
    : []

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
