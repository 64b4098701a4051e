// A plain HTTP server that answers by script. A request that nobody expected and an answer that nobody asked for both fail the test.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly bytes: Buffer
}

export type Answer = (response: ServerResponse, request: Received) => void

export const json =
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }

export const raw =
  (status: number, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) => {
    response.writeHead(status, headers).end(body)
  }

export interface ScriptedServer {
  readonly url: string
  readonly received: readonly Received[]
  /** Answers, in order, to the requests to come. */
  expect(...answers: readonly Answer[]): void
  /** Resolves when this many requests have come. */
  came(count: number): Promise<void>
  /** What is left of the script, and what came unexpected. */
  readonly problems: readonly string[]
  close(): Promise<void>
}

export async function scriptedServer(
  create: (listener: (i: IncomingMessage, o: ServerResponse) => void) => Server = createServer,
) {
  const script: Answer[] = []
  const received: Received[] = []
  const unexpected: string[] = []
  const waiting: { count: number; wake: () => void }[] = []
  const server = create((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk) => chunks.push(chunk))
    incoming.on('end', () => {
      const request: Received = {
        method: incoming.method ?? '',
        path: incoming.url ?? '',
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString(),
        bytes: Buffer.concat(chunks),
      }
      received.push(request)
      for (const { count, wake } of waiting) if (received.length >= count) wake()
      const answer = script.shift()
      if (answer) return answer(response, request)
      unexpected.push(`unexpected ${request.method} ${request.path}`)
      response.writeHead(599).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const scripted: ScriptedServer = {
    url: `${'cert' in server || 'setSecureContext' in server ? 'https' : 'http'}://127.0.0.1:${port}`,
    received,
    expect: (...answers) => void script.push(...answers),
    came: (count) =>
      received.length >= count ? Promise.resolve() : new Promise((wake) => void waiting.push({ count, wake: () => wake() })),
    get problems() {
      return [...unexpected, ...(script.length > 0 ? [`${script.length} answers were not asked for`] : [])]
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  return scripted
}
