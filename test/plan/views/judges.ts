// Judges that are not ours: the parser of Mermaid, and the HTML parser of the web platform's specification.
import DOMPurify from 'dompurify'
import { type DefaultTreeAdapterTypes, type ParserError, parse } from 'parse5'

/** Mermaid cleans labels with DOMPurify, which needs a browser; its parser does not. */
async function mermaidParser() {
  Object.assign(DOMPurify, { addHook: () => undefined, sanitize: (text: string) => text })
  const { default: mermaid } = await import('mermaid')
  return mermaid
}

/** What Mermaid complains of; nothing where it can draw the text. */
export async function mermaidComplaint(text: string): Promise<string | undefined> {
  const mermaid = await mermaidParser()
  try {
    const { diagramType } = await mermaid.parse(text)
    return diagramType.startsWith('flowchart') ? undefined : `it is a ${diagramType}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

export interface Page {
  /** Deviations from the specification, with their place. */
  readonly errors: readonly string[]
  readonly elements: readonly { readonly name: string; readonly attributes: Readonly<Record<string, string>> }[]
  readonly text: string
}

export function readPage(html: string): Page {
  const errors: string[] = []
  const onParseError = ({ code, startLine, startCol }: ParserError): void => {
    errors.push(`${code} at ${startLine}:${startCol}`)
  }
  const elements: { name: string; attributes: Record<string, string> }[] = []
  const texts: string[] = []
  const visit = (node: DefaultTreeAdapterTypes.Node): void => {
    if ('tagName' in node)
      elements.push({ name: node.tagName, attributes: Object.fromEntries(node.attrs.map(({ name, value }) => [name, value])) })
    if ('value' in node) texts.push(node.value)
    if ('childNodes' in node) for (const child of node.childNodes) visit(child)
  }
  visit(parse(html, { onParseError, sourceCodeLocationInfo: true }))
  return { errors, elements, text: texts.join('') }
}
