// XML as a tree, read by a library and written here. It knows nothing of SOAP; the only user of fast-xml-parser.
import { XMLParser } from 'fast-xml-parser'

export interface Element {
  /** Without its prefix. */
  readonly name: string
  /** `type` of the reference that a managed object is named by. */
  readonly referenceType?: string
  /** `xsi:type` without its prefix. */
  readonly xsiType?: string
  /** By their names as they stand there. */
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly Element[]
  /** All text directly inside. */
  readonly text: string
}

const ATTRIBUTES = ':@'
const TEXT = '#text'

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  // Character references such as &#xD; too.
  htmlEntities: true,
})

type Raw = Readonly<Record<string, unknown>>

/** The root element. Throws where the text is not XML. */
export function parseXml(text: string): Element {
  const [root] = elementsIn(parser.parse(text, true) as Raw[])
  if (!root) throw new SyntaxError('there is no element')
  return root
}

const elementsIn = (nodes: readonly Raw[]): Element[] =>
  nodes.flatMap((node) => {
    const name = Object.keys(node).find((key) => key !== ATTRIBUTES && key !== TEXT)
    return name === undefined ? [] : [elementOf(name, node)]
  })

function elementOf(qualified: string, node: Raw): Element {
  const inside = node[qualified] as readonly Raw[]
  const attributes = Object.entries((node[ATTRIBUTES] ?? {}) as Readonly<Record<string, string>>)
  // Servers differ in the prefix that they give to the namespace of schema instances; a reference's own `type` has none.
  const xsiType = attributes.find(([name]) => name.endsWith(':type') && !name.startsWith('xmlns:'))?.[1]
  const referenceType = attributes.find(([name]) => name === 'type')?.[1]
  return {
    name: unprefixed(qualified),
    ...(referenceType === undefined ? {} : { referenceType }),
    ...(xsiType === undefined ? {} : { xsiType: unprefixed(xsiType) }),
    attributes: Object.fromEntries(attributes),
    children: elementsIn(inside),
    text: inside.map((each) => (typeof each[TEXT] === 'string' ? each[TEXT] : '')).join(''),
  }
}

const unprefixed = (name: string): string => name.slice(name.indexOf(':') + 1)

export const childNamed = ({ children }: Element, name: string): Element | undefined =>
  children.find((child) => child.name === name)

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#xD;' }

/** Text or the value of an attribute. Throws where XML 1.0 has no way to say it. */
export function escapeXml(text: string): string {
  if (!text.isWellFormed() || UNSAYABLE.test(text)) throw new RangeError('holds a character that XML cannot carry')
  return text.replace(/[&<>"\r]/g, (character) => ESCAPES[character] ?? character)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML 1.0 excludes.
const UNSAYABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/
