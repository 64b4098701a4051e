// The open documents: what each was read as, and what check says of it. A check that a newer version has overtaken is thrown away.
import { fileURLToPath } from 'node:url'
import type { TextDocument } from 'vscode-languageserver-textdocument'
import { type Reading, read } from './reading.ts'
import { type Checked, type DocumentKind, kindOf, type Workspace } from './workspace.ts'

/** The path of a file; any other document goes by its URI. */
export const fileOf = (uri: string): string => {
  if (!uri.startsWith('file:')) return uri
  try {
    return fileURLToPath(uri)
  } catch {
    return uri
  }
}

export interface Documents {
  /** Checks a document as often as it has changed meanwhile, and publishes what is said of its newest version. */
  recheck(document: TextDocument): Promise<void>
  /** What check says of the document as it is now. */
  checked(document: TextDocument): Promise<Checked>
  /** The document as a runbook; undefined for any other kind. */
  reading(document: TextDocument): Promise<Reading | undefined>
  close(document: TextDocument): void
  /** Everything is read anew from now on. */
  forget(): void
}

export const kindIn = (document: TextDocument): DocumentKind =>
  kindOf(fileOf(document.uri), document.getText(), document.languageId)

/** Of a document that is none of ours. */
const nothing: Promise<Checked> = Promise.resolve({ diagnostics: [], sources: new Map() })

interface Known {
  readonly version: number
  readonly checked: Promise<Checked>
}

export function createDocuments(
  workspace: Workspace,
  publish: (document: TextDocument, checked: Checked) => void,
  newest: (uri: string) => TextDocument | undefined,
): Documents {
  const known = new Map<string, Known>()
  const readings = new Map<string, { readonly version: number; readonly reading: Promise<Reading> }>()
  const busy = new Set<string>()
  const again = new Set<string>()

  function checked(document: TextDocument): Promise<Checked> {
    const { uri, version } = document
    const before = known.get(uri)
    if (before?.version === version) return before.checked
    const made = kindIn(document) === 'other' ? nothing : workspace.check(fileOf(uri), document.getText())
    known.set(uri, { version, checked: made })
    return made
  }

  return {
    checked,
    async recheck({ uri }) {
      if (busy.has(uri)) return void again.add(uri)
      busy.add(uri)
      try {
        do {
          again.delete(uri)
          const document = newest(uri)
          if (!document) break
          const { version } = document
          const found = await checked(document)
          if (newest(uri)?.version === version) publish(document, found)
          else again.add(uri)
        } while (again.has(uri))
      } finally {
        busy.delete(uri)
      }
    },
    async reading(document) {
      const { uri, version } = document
      const file = fileOf(uri)
      const text = document.getText()
      if (kindIn(document) !== 'runbook') return undefined
      const before = readings.get(uri)
      if (before?.version === version) return before.reading
      const made = workspace.view(file).then((view) => read(file, text, view))
      readings.set(uri, { version, reading: made })
      return made
    },
    close({ uri }) {
      known.delete(uri)
      readings.delete(uri)
      workspace.close(fileOf(uri))
    },
    forget() {
      known.clear()
      readings.clear()
      workspace.forget()
    },
  }
}
