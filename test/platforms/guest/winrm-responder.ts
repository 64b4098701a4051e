// A responder that speaks the shell service of WinRM over HTTPS and runs programs of this machine: enough of WS-Management for
// clients, ours and foreign ones. It has no command interpreter of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { childNamed, type Element, escapeXml, parseXml } from '../../../src/platforms/xml.ts'
import { splitCommandLine } from './windows-arguments.ts'

const SHELL = 'http://schemas.microsoft.com/wbem/wsman/1/windows/shell'
const TIMED_OUT = {
  code: 2_150_858_793,
  message: 'The WS-Management service cannot complete the operation within the time specified in OperationTimeout.',
}
const NO_SUCH_SHELL = {
  code: 2_150_858_843,
  message: 'The request for the Windows Remote Shell with ShellId failed because the shell was not found on the server.',
}
const NO_SUCH_FILE = { code: 2, message: 'The system cannot find the file specified.' }
/** Of one answer to Receive, bytes. */
const PIECE_BYTES = 32_768

export interface WinrmResponder extends AsyncDisposable {
  readonly url: string
  /** Shells that nobody has deleted. */
  readonly shells: number
  /** What was asked, in order. */
  readonly asked: readonly string[]
  /** Breaks the connection instead of the next answer to this. */
  breakNext(action: string): void
}

export interface ResponderOptions {
  readonly key: string
  readonly cert: string
  readonly user: string
  readonly password: string
  /** A question for output that there is none of is answered after this. */
  readonly patienceMs: number
  /** Run in place of Windows' command interpreter. */
  readonly cmd?: string
}

interface Command {
  readonly child: ChildProcess
  readonly waiting: { readonly name: 'stdout' | 'stderr'; readonly bytes: Buffer }[]
  exitCode: number | undefined
  wake: () => void
}

interface Fault {
  readonly code: number
  readonly message: string
}

export async function startWinrmResponder({
  key,
  cert,
  user,
  password,
  patienceMs,
  cmd = 'cmd.exe',
}: ResponderOptions): Promise<WinrmResponder> {
  const shells = new Map<string, Map<string, Command>>()
  const asked: string[] = []
  const breaks = new Set<string>()
  const expected = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

  const server = createServer({ key, cert }, (request, response) => {
    void bodyOf(request).then(async (text) => {
      if (request.headers.authorization !== expected) {
        return void response.writeHead(401, { 'www-authenticate': 'Basic realm="WSMAN"' }).end()
      }
      const envelope = parseXml(text)
      const action = (deep(envelope, 'Action')?.text ?? '').split('/').at(-1) ?? ''
      asked.push(action)
      const said = await perform(action, envelope)
      if (breaks.delete(action)) return void request.socket.destroy()
      const isFault = typeof said !== 'string'
      const relatesTo = escapeXml(deep(envelope, 'MessageID')?.text ?? '')
      response
        .writeHead(isFault ? 500 : 200, { 'content-type': 'application/soap+xml;charset=UTF-8' })
        .end(enveloped(isFault ? faultText(said) : said, relatesTo))
    })
  })

  async function perform(action: string, envelope: Element): Promise<string | Fault> {
    const body = childNamed(envelope, 'Body') ?? envelope
    if (action === 'Create') {
      const id = randomUUID().toUpperCase()
      shells.set(id, new Map())
      return `<x:ResourceCreated><a:ReferenceParameters><w:SelectorSet><w:Selector Name="ShellId">${id}</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated><rsp:Shell><rsp:ShellId>${id}</rsp:ShellId></rsp:Shell>`
    }
    const shellId = deep(envelope, 'Selector')?.text ?? ''
    const commands = shells.get(shellId)
    if (!commands) return NO_SUCH_SHELL
    if (action === 'Delete') {
      for (const command of commands.values()) end(command)
      shells.delete(shellId)
      return ''
    }
    if (action === 'Command') return start(commands, body)
    const id = attribute(body, 'CommandId')
    const command = id === undefined ? undefined : commands.get(id)
    if (!command || id === undefined) return NO_SUCH_SHELL
    switch (action) {
      case 'Send': {
        const stream = deep(body, 'Stream')
        const bytes = Buffer.from(stream?.text ?? '', 'base64')
        if (bytes.length > 0) command.child.stdin?.write(bytes)
        if (stream?.attributes.End === 'true') command.child.stdin?.end()
        return '<rsp:SendResponse/>'
      }
      case 'Receive':
        return receive(id, command)
      case 'Signal':
        end(command)
        return '<rsp:SignalResponse/>'
      default:
        return { code: 2_150_858_778, message: `the action ${action} is not supported` }
    }
  }

  async function start(commands: Map<string, Command>, body: Element): Promise<string | Fault> {
    const program = deep(body, 'Command')?.text ?? ''
    const rest = deep(body, 'Arguments')?.text ?? ''
    const [name = '', ...args] = splitCommandLine(`${program} ${rest}`)
    // In a group of its own, as Windows has jobs.
    const child = spawn(name === 'cmd.exe' ? cmd : name, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
    const command: Command = { child, waiting: [], exitCode: undefined, wake: () => {} }
    child.stdin.on('error', () => {})
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].on('data', (bytes: Buffer) => {
        for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
          command.waiting.push({ name: stream, bytes: bytes.subarray(from, from + PIECE_BYTES) })
        }
        command.wake()
      })
    }
    child.once('close', (code) => {
      // Windows knows no signals; a process that was terminated ends with the code that whoever did it chose.
      command.exitCode = code ?? 1
      command.wake()
    })
    const failed = await new Promise<boolean>((resolve) => {
      child.once('spawn', () => resolve(false))
      child.once('error', () => resolve(true))
    })
    if (failed) return NO_SUCH_FILE
    const id = randomUUID().toUpperCase()
    commands.set(id, command)
    return `<rsp:CommandResponse><rsp:CommandId>${id}</rsp:CommandId></rsp:CommandResponse>`
  }

  async function receive(id: string, command: Command): Promise<string | Fault> {
    if (command.waiting.length === 0 && command.exitCode === undefined) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, patienceMs)
        command.wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    const piece = command.waiting.shift()
    if (!piece && command.exitCode === undefined) return TIMED_OUT
    const stream = piece
      ? `<rsp:Stream Name="${piece.name}" CommandId="${id}">${piece.bytes.toString('base64')}</rsp:Stream>`
      : `<rsp:Stream Name="stdout" CommandId="${id}" End="true"/><rsp:Stream Name="stderr" CommandId="${id}" End="true"/>`
    const state = piece
      ? `<rsp:CommandState CommandId="${id}" State="${SHELL}/CommandState/Running"/>`
      : `<rsp:CommandState CommandId="${id}" State="${SHELL}/CommandState/Done"><rsp:ExitCode>${command.exitCode}</rsp:ExitCode></rsp:CommandState>`
    return `<rsp:ReceiveResponse>${stream}${state}</rsp:ReceiveResponse>`
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/wsman`,
    get shells() {
      return shells.size
    },
    asked,
    breakNext: (action) => void breaks.add(action),
    [Symbol.asyncDispose]: async () => {
      for (const commands of shells.values()) for (const command of commands.values()) end(command)
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function end({ child, exitCode }: Command): void {
  if (exitCode !== undefined || child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}

const enveloped = (body: string, relatesTo: string): string =>
  `<s:Envelope xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:rsp="${SHELL}"><s:Header><a:MessageID>uuid:${randomUUID()}</a:MessageID><a:RelatesTo>${relatesTo}</a:RelatesTo></s:Header><s:Body>${body}</s:Body></s:Envelope>`

const faultText = ({ code, message }: Fault): string =>
  `<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>${code === TIMED_OUT.code ? 'w:TimedOut' : 'w:InternalError'}</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en-US">${escapeXml(message)}</s:Text></s:Reason><s:Detail><f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="${code}" Machine="guest"><f:Message>${escapeXml(message)}</f:Message></f:WSManFault></s:Detail></s:Fault>`

const deep = (element: Element, name: string): Element | undefined => {
  for (const child of element.children) {
    const found = child.name === name ? child : deep(child, name)
    if (found) return found
  }
  return undefined
}

/** The first that any element inside has of that name; Receive, Send and Signal all name their command so. */
function attribute(element: Element, name: string): string | undefined {
  for (const child of element.children) {
    const found = child.attributes[name] ?? attribute(child, name)
    if (found !== undefined) return found
  }
  return undefined
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
