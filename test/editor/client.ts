// An editor as a language server sees it: documents, requests and what is published, over the real protocol.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  createProtocolConnection,
  type Diagnostic,
  type Position,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
  StreamMessageReader,
  StreamMessageWriter,
  type TextDocumentContentChangeEvent,
  type WorkspaceEdit,
} from 'vscode-languageserver/node'
import { TextDocument } from 'vscode-languageserver-textdocument'

const root = join(import.meta.dirname, '../..')

export interface Client {
  readonly connection: ProtocolConnection
  /** Opens a document and answers with what is published of it. */
  open(file: string, text: string, languageId?: string): Promise<readonly Diagnostic[]>
  change(file: string, ...changes: readonly TextDocumentContentChangeEvent[]): Promise<readonly Diagnostic[]>
  /** What is published next of a file. */
  published(file: string): Promise<readonly Diagnostic[]>
  close(file: string): void
  ask<T>(method: string, file: string, text: string, mark: string, more?: object): Promise<T>
  request<T>(method: string, params: object): Promise<T>
  /** Says goodbye and answers with the exit code. */
  quit(): Promise<number | null>
  readonly exited: Promise<number | null>
  readonly watched: readonly unknown[]
}

export const uriOf = (file: string): string => (/^[a-z]+:/.test(file) ? file : pathToFileURL(file).href)

/** Where `mark` stands in the text, behind it. */
export function positionOf(text: string, mark: string): Position {
  const at = text.indexOf(mark)
  if (at === -1) throw new Error(`${mark} is not in the text`)
  return TextDocument.create('file:///x', 'yaml', 0, text).positionAt(at + mark.length)
}

export const applied = (text: string, file: string, { changes }: WorkspaceEdit): string =>
  TextDocument.applyEdits(TextDocument.create(uriOf(file), 'yaml', 0, text), changes?.[uriOf(file)] ?? [])

/** Starts `holdfast lsp` in a folder and introduces itself. */
export async function startClient(workingDirectory: string): Promise<Client> {
  const child = spawn(
    process.execPath,
    ['--conditions=source', '--disable-warning=ExperimentalWarning', join(root, 'bin/holdfast.js'), 'lsp', '--stdio'],
    { cwd: workingDirectory, stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  const connection = createProtocolConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin))
  // What is still asked of a process that has died gets no answer.
  child.once('exit', () => connection.dispose())
  const client = await connectClient(connection, workingDirectory)
  return {
    ...client,
    exited,
    quit: async () => {
      await connection.sendRequest('shutdown')
      await connection.sendNotification('exit')
      return exited
    },
  }
}

export async function connectClient(
  connection: ProtocolConnection,
  workingDirectory: string,
): Promise<Omit<Client, 'exited' | 'quit'>> {
  const waiting = new Map<string, ((found: readonly Diagnostic[]) => void)[]>()
  const versions = new Map<string, number>()
  const watched: unknown[] = []
  connection.onNotification('textDocument/publishDiagnostics', ({ uri, version, diagnostics }: PublishDiagnosticsParams) => {
    if (version !== undefined && version !== versions.get(uri)) return
    const resolvers = waiting.get(uri) ?? []
    waiting.delete(uri)
    for (const resolve of resolvers) resolve(diagnostics)
  })
  connection.onRequest('client/registerCapability', ({ registrations }: { registrations: unknown[] }) => {
    watched.push(...registrations)
    return null
  })
  connection.listen()
  await connection.sendRequest('initialize', {
    processId: process.pid,
    rootUri: uriOf(workingDirectory),
    capabilities: { workspace: { didChangeWatchedFiles: { dynamicRegistration: true } } },
  })
  await connection.sendNotification('initialized', {})

  const published = (file: string): Promise<readonly Diagnostic[]> =>
    new Promise((resolve) => waiting.set(uriOf(file), [...(waiting.get(uriOf(file)) ?? []), resolve]))

  return {
    connection,
    watched,
    published,
    open(file, text, languageId = 'holdfast-runbook') {
      const answer = published(file)
      versions.set(uriOf(file), 1)
      void connection.sendNotification('textDocument/didOpen', {
        textDocument: { uri: uriOf(file), languageId, version: 1, text },
      })
      return answer
    },
    change(file, ...changes) {
      const answer = published(file)
      const version = (versions.get(uriOf(file)) ?? 0) + 1
      versions.set(uriOf(file), version)
      void connection.sendNotification('textDocument/didChange', {
        textDocument: { uri: uriOf(file), version },
        contentChanges: changes,
      })
      return answer
    },
    close(file) {
      void connection.sendNotification('textDocument/didClose', { textDocument: { uri: uriOf(file) } })
    },
    ask: (method, file, text, mark, more = {}) =>
      connection.sendRequest(method, { textDocument: { uri: uriOf(file) }, position: positionOf(text, mark), ...more }),
    request: (method, params) => connection.sendRequest(method, params),
  }
}
