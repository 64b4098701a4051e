// Answers of the editor's functions as messages of the Language Server Protocol. Offsets become lines and UTF-16 columns here.
import { pathToFileURL } from 'node:url'
import {
  CompletionItemKind,
  type CompletionList,
  DiagnosticSeverity,
  type DocumentSymbol,
  type Location,
  MarkupKind,
  type Diagnostic as Message,
  type Range,
  SymbolKind,
  type TextEdit,
} from 'vscode-languageserver'
import { TextDocument } from 'vscode-languageserver-textdocument'
import type { Diagnostic, Span } from '../diagnostics/index.ts'
import type { Outline } from './navigation.ts'
import type { Edit } from './rename.ts'
import type { Completion, Suggestion } from './suggestion.ts'

export const rangeOf = (document: TextDocument, { start, end }: Omit<Span, 'file'>): Range => ({
  start: document.positionAt(start),
  end: document.positionAt(end),
})

export const editsOf = (document: TextDocument, edits: readonly Edit[]): TextEdit[] =>
  edits.map(({ span, text }) => ({ range: rangeOf(document, span), newText: text }))

/** A place in any file; `text` is what that file holds. */
export function locationOf(span: Span, text: string | undefined, document: TextDocument, file: string): Location {
  if (span.file === file) return { uri: document.uri, range: rangeOf(document, span) }
  const uri =
    /^[a-z][a-z0-9+.-]+:/i.test(span.file) && !/^[a-z]:[\\/]/i.test(span.file) ? span.file : pathToFileURL(span.file).href
  return { uri, range: rangeOf(TextDocument.create(uri, 'yaml', 0, text ?? ''), span) }
}

/** What is wrong with another file that this one needs is said in its first line, and points there. */
export function messageOf(
  diagnostic: Diagnostic,
  document: TextDocument,
  file: string,
  sources: ReadonlyMap<string, string>,
): Message {
  const { code, severity, message, span, related = [], hint } = diagnostic
  const elsewhere = span !== undefined && span.file !== file
  const notes = [...(elsewhere ? [{ message: 'here', span }] : []), ...related]
  const where = span === undefined || elsewhere ? { start: 0, end: firstLineEnd(document) } : span
  return {
    range: rangeOf(document, where),
    severity: severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
    code,
    source: 'holdfast',
    message: `${elsewhere ? `${nameOf(span.file)}: ` : ''}${message}${hint === undefined ? '' : `\n${hint}`}`,
    ...(notes.length > 0
      ? {
          relatedInformation: notes.map((note) => ({
            message: note.message,
            location: locationOf(note.span, sources.get(note.span.file), document, file),
          })),
        }
      : {}),
    ...(hint === undefined ? {} : { data: { hint } }),
  }
}

const firstLineEnd = (document: TextDocument): number => /^[^\r\n]*/.exec(document.getText())?.[0].length ?? 0
const nameOf = (file: string): string => file.split(/[\\/]/).slice(-2).join('/')

const COMPLETION_KINDS: Readonly<Record<Suggestion['kind'], CompletionItemKind>> = {
  key: CompletionItemKind.Property,
  verb: CompletionItemKind.Keyword,
  word: CompletionItemKind.EnumMember,
  action: CompletionItemKind.Method,
  pack: CompletionItemKind.Module,
  type: CompletionItemKind.Interface,
  name: CompletionItemKind.Reference,
  property: CompletionItemKind.Field,
  variable: CompletionItemKind.Variable,
  function: CompletionItemKind.Function,
}

export function completionOf(document: TextDocument, { start, end, items }: Completion): CompletionList {
  const range = rangeOf(document, { start, end })
  // The protocol knows no edit over several lines here.
  if (range.start.line !== range.end.line) return { isIncomplete: false, items: [] }
  return {
    isIncomplete: false,
    items: items.map(({ label, kind, detail, docs, insert = label, first }, index) => ({
      label,
      kind: COMPLETION_KINDS[kind],
      textEdit: { range, newText: insert },
      sortText: `${first ? 0 : 1}${String(index).padStart(4, '0')}`,
      ...(detail === undefined ? {} : { detail }),
      ...(docs === undefined ? {} : { documentation: { kind: MarkupKind.Markdown, value: docs } }),
    })),
  }
}

const SYMBOL_KINDS: Readonly<Record<Outline['kind'], SymbolKind>> = {
  step: SymbolKind.Function,
  block: SymbolKind.Namespace,
  section: SymbolKind.Namespace,
  name: SymbolKind.Variable,
}

export const symbolOf = (document: TextDocument, { name, detail, kind, span, nameSpan, inside }: Outline): DocumentSymbol => ({
  name,
  detail,
  kind: SYMBOL_KINDS[kind],
  range: rangeOf(document, span),
  selectionRange: rangeOf(document, nameSpan),
  children: inside.map((each) => symbolOf(document, each)),
})
