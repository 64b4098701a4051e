// The language server: messages in, answers of the editor's functions out. It decides nothing about runbooks.
import {
  CodeActionKind,
  createConnection,
  DidChangeWatchedFilesNotification,
  type InitializeResult,
  LSPErrorCodes,
  MarkupKind,
  type Position,
  ResponseError,
  TextDocumentSyncKind,
  TextDocuments,
} from 'vscode-languageserver'
import { createProtocolConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-languageserver/node'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { LOCK_FILE } from '../packs/index.ts'
import { remediesFor } from './actions.ts'
import { complete } from './completion.ts'
import { completionOf, editsOf, locationOf, messageOf, rangeOf, symbolOf } from './convert.ts'
import { createDocuments, fileOf, kindIn } from './documents.ts'
import { formatted } from './format.ts'
import { hoverAt } from './hover.ts'
import { definitionAt, outlineOf, referencesAt } from './navigation.ts'
import type { Reading } from './reading.ts'
import { renamable, rename } from './rename.ts'
import type { Checked, Workspace } from './workspace.ts'

export interface EditorOptions {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
  readonly workspace: Workspace
  readonly version: string
}

/** Files beside the documents that what is said of them depends on. */
const WATCHED = ['**/pack.yaml', '**/openapi.yaml', '**/*.runbook.yaml', '**/holdfast.config.yaml', `**/${LOCK_FILE}`]

/** Serves one editor until it exits or hangs up. `shutDown`: it took its leave first, as the protocol wants. */
export function serveEditor({ input, output, workspace, version }: EditorOptions): Promise<{ readonly shutDown: boolean }> {
  const { promise: ended, resolve: end } = Promise.withResolvers<{ readonly shutDown: boolean }>()
  const watchDog = {
    shutdownReceived: false,
    // Whoever started this closes its input when gone.
    initialize: () => undefined,
    exit: () => finish(),
  }
  const connection = createConnection(
    (logger) => createProtocolConnection(new StreamMessageReader(input), new StreamMessageWriter(output), logger),
    watchDog,
  )
  const finish = (): void => {
    input.pause()
    end({ shutDown: watchDog.shutdownReceived })
  }
  input.on('end', finish)
  input.on('close', finish)

  const open = new TextDocuments(TextDocument)
  const documents = createDocuments(workspace, publish, (uri) => open.get(uri))
  let watches = false

  function publish(document: TextDocument, { diagnostics, sources }: Checked): void {
    const file = fileOf(document.uri)
    const messages = diagnostics.map((each) => messageOf(each, document, file, sources))
    void connection.sendDiagnostics({ uri: document.uri, version: document.version, diagnostics: messages })
  }

  /** A fault in one answer must not take the editor's server away. */
  async function guarded<T>(answer: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await answer()
    } catch (error) {
      if (error instanceof ResponseError) throw error
      connection.console.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
      return otherwise
    }
  }

  const recheck = (document: TextDocument): void => void guarded(() => documents.recheck(document), undefined)
  const recheckAll = (): void => {
    documents.forget()
    for (const document of open.all()) recheck(document)
  }

  /** Answers about a place of an open runbook; null for anything else. */
  const inRunbook = <T>(
    { textDocument: { uri }, position }: { readonly textDocument: { readonly uri: string }; readonly position?: Position },
    answer: (reading: Reading, document: TextDocument, offset: number) => T,
  ): Promise<T | null> =>
    guarded<T | null>(async () => {
      const document = open.get(uri)
      const reading = document && (await documents.reading(document))
      return document && reading ? answer(reading, document, position ? document.offsetAt(position) : 0) : null
    }, null)

  connection.onInitialize(({ capabilities }): InitializeResult => {
    watches = capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration === true
    return {
      serverInfo: { name: 'holdfast', version },
      capabilities: {
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
        completionProvider: { triggerCharacters: ['.', '/', '$', '{', ' ', '`', '"'] },
        hoverProvider: true,
        definitionProvider: true,
        referencesProvider: true,
        documentSymbolProvider: true,
        renameProvider: { prepareProvider: true },
        documentFormattingProvider: true,
        codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix] },
      },
    }
  })
  connection.onInitialized(() => {
    const watchers = WATCHED.map((globPattern) => ({ globPattern }))
    if (watches) void connection.client.register(DidChangeWatchedFilesNotification.type, { watchers })
  })

  open.onDidChangeContent(({ document }) => recheck(document))
  open.onDidSave(({ document }) => {
    const kind = kindIn(document)
    if (kind === 'pack' || kind === 'config') recheckAll()
  })
  open.onDidClose(({ document }) => {
    documents.close(document)
    void connection.sendDiagnostics({ uri: document.uri, diagnostics: [] })
  })
  connection.onDidChangeWatchedFiles(recheckAll)

  connection.onCompletion(({ textDocument: { uri }, position }) =>
    guarded(async () => {
      const document = open.get(uri)
      const file = fileOf(uri)
      if (!document || kindIn(document) !== 'runbook') return null
      return completionOf(document, complete(file, document.getText(), document.offsetAt(position), await workspace.view(file)))
    }, null),
  )
  connection.onHover((at) =>
    inRunbook(at, (reading, document, offset) => {
      const hover = hoverAt(reading, offset)
      return hover ? { contents: { kind: MarkupKind.Markdown, value: hover.docs }, range: rangeOf(document, hover.span) } : null
    }),
  )
  connection.onDefinition((at) =>
    inRunbook(at, (reading, document, offset) => {
      const span = definitionAt(reading, offset)
      return span ? locationOf(span, textOf(span.file, reading), document, reading.file) : null
    }),
  )
  connection.onReferences(({ context: { includeDeclaration }, ...at }) =>
    inRunbook(at, (reading, document, offset) =>
      referencesAt(reading, offset)
        .filter(({ defines }) => includeDeclaration || !defines)
        .map(({ span }) => ({ uri: document.uri, range: rangeOf(document, span) })),
    ),
  )
  connection.onDocumentSymbol((at) =>
    inRunbook(at, (reading, document) => outlineOf(reading).map((each) => symbolOf(document, each))),
  )
  connection.onPrepareRename((at) =>
    inRunbook(at, (reading, document, offset) => {
      const span = renamable(reading, offset)
      return span ? rangeOf(document, span) : null
    }),
  )
  connection.onRenameRequest(({ newName, ...at }) =>
    inRunbook(at, (reading, document, offset) => {
      const renamed = rename(reading, offset, newName)
      if ('refused' in renamed) throw new ResponseError(LSPErrorCodes.RequestFailed, renamed.refused)
      return { changes: { [document.uri]: editsOf(document, renamed.edits) } }
    }),
  )
  connection.onCodeAction(({ textDocument, range }) =>
    guarded(async () => {
      const document = open.get(textDocument.uri)
      const reading = document && (await documents.reading(document))
      if (!document || !reading) return null
      const { diagnostics, sources } = await documents.checked(document)
      const [start, end] = [document.offsetAt(range.start), document.offsetAt(range.end)]
      const here = diagnostics.filter(({ span }) => span?.file === reading.file && span.start <= end && start <= span.end)
      return remediesFor(here, reading).map(({ title, diagnostic, edits }) => ({
        title,
        kind: CodeActionKind.QuickFix,
        isPreferred: diagnostic.fix !== undefined,
        diagnostics: [messageOf(diagnostic, document, reading.file, sources)],
        edit: { changes: { [document.uri]: editsOf(document, edits) } },
      }))
    }, null),
  )

  connection.onDocumentFormatting(({ textDocument: { uri } }) =>
    guarded(async () => {
      const document = open.get(uri)
      const text = document?.getText() ?? ''
      const made = document && formatted(kindIn(document), text)
      if (!document || made === undefined) return null
      return made === text ? [] : editsOf(document, [{ span: { file: fileOf(uri), start: 0, end: text.length }, text: made }])
    }, null),
  )

  open.listen(connection)
  connection.listen()
  return ended
}

const textOf = (file: string, { view }: Reading): string | undefined =>
  [...view.manifests.values()].find((manifest) => manifest.file === file)?.text
