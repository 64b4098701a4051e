// Stands between Holdfast and a monitor: what a test does when a command comes by, and connections that break over one.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { readJsonLines } from '../../../src/platforms/json-lines.ts'
import { isObject, type JsonObject } from '../../../src/values/index.ts'

/** `lost`: the command is carried out, and its answer is lost with the connection. */
export type Fate = 'passes' | 'lost'

/** Asked of every command before it is passed on. */
type OnCommand = (command: string, args: JsonObject) => Promise<Fate> | Fate

export async function meddle(path: string, monitorPath: string, onCommand: OnCommand): Promise<Disposable> {
  const server = createServer((client) => {
    client.on('error', () => {})
    serve(client, monitorPath, onCommand).catch(() => client.destroy())
  })
  await once(server.listen(path), 'listening')
  return { [Symbol.dispose]: () => void server.close() }
}

async function serve(client: Socket, monitorPath: string, onCommand: OnCommand): Promise<void> {
  const monitor = connect(monitorPath)
  monitor.on('error', () => {}).on('close', () => client.destroy())
  client.on('close', () => monitor.destroy())
  let hears = true
  monitor.on('data', (chunk: Buffer) => hears && client.write(chunk))
  const lines = readJsonLines(client, new AbortController().signal, () => new Error('the client has left'))
  for (;;) {
    const line = await lines.next()
    const fate = await onCommand(String(line.execute), isObject(line.arguments) ? line.arguments : {})
    hears = fate === 'passes'
    monitor.write(`${JSON.stringify(line)}\n`)
    if (fate === 'passes') continue
    await once(monitor, 'data')
    client.destroy()
  }
}
