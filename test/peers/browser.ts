// Headless Chromium, driven over its own protocol: opens a file, answers questions about the page, takes pictures. One tab.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface Look {
  readonly width: number
  readonly height: number
  readonly scheme?: 'light' | 'dark'
  readonly media?: 'screen' | 'print'
}

export interface Browser {
  /** Opens a file as the look demands, and waits until it is loaded. */
  open(file: string, look: Look): Promise<void>
  /** Evaluates an expression in the page; its value must be JSON. */
  ask<T>(expression: string): Promise<T>
  /** Addresses that the page asked for, and messages of its console, since it was opened. */
  readonly requested: string[]
  readonly complaints: string[]
  picture(wholePage: boolean): Promise<Buffer>
  paper(): Promise<Buffer>
  close(): Promise<void>
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: {
    readonly request?: { url: string }
    readonly entry?: { text: string }
    readonly type?: string
    readonly args?: unknown
  }
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
}

export async function startBrowser(program: string): Promise<Browser> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-browser-'))
  // The sandbox of Chromium refuses to run as root, as which containers run tests.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const flags = [
    '--headless=new',
    '--remote-debugging-port=0',
    `--user-data-dir=${folder}`,
    '--no-first-run',
    '--disable-gpu',
    '--hide-scrollbars',
  ]
  const child = spawn(program, [...flags, ...asRoot, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] })
  const socket = await connect(await addressOf(child))
  const requested: string[] = []
  const complaints: string[] = []
  const waiting = new Map<number, { resolve: (result: Record<string, unknown>) => void; reject: (error: Error) => void }>()
  const loads: (() => void)[] = []
  let count = 0
  let session: string | undefined

  socket.addEventListener('message', ({ data }) => {
    const { id, method, params, result, error } = JSON.parse(String(data)) as Message
    const asked = id === undefined ? undefined : waiting.get(id)
    if (error) asked?.reject(new Error(error.message))
    else asked?.resolve(result ?? {})
    if (method === 'Network.requestWillBeSent' && params?.request) requested.push(params.request.url)
    if (method === 'Log.entryAdded' && params?.entry) complaints.push(params.entry.text)
    if (method === 'Runtime.consoleAPICalled') complaints.push(JSON.stringify(params?.args))
    if (method === 'Page.loadEventFired') for (const loaded of loads.splice(0)) loaded()
  })
  const send = (method: string, params: object = {}): Promise<Record<string, unknown>> => {
    count += 1
    const id = count
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      socket.send(JSON.stringify({ id, method, params, ...(session === undefined ? {} : { sessionId: session }) }))
    })
  }

  const { targetId } = await send('Target.createTarget', { url: 'about:blank' })
  session = String((await send('Target.attachToTarget', { targetId, flatten: true })).sessionId)
  for (const domain of ['Page', 'Network', 'Log', 'Runtime']) await send(`${domain}.enable`)

  const ask = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true })
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails))
    return (result as { value: T }).value
  }
  return {
    requested,
    complaints,
    ask,
    open: async (file, { width, height, scheme = 'light', media = 'screen' }) => {
      await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 })
      await send('Emulation.setEmulatedMedia', { media, features: [{ name: 'prefers-color-scheme', value: scheme }] })
      requested.length = 0
      complaints.length = 0
      const loaded = new Promise<void>((resolve) => loads.push(resolve))
      await send('Page.navigate', { url: pathToFileURL(file).href })
      await loaded
    },
    picture: async (wholePage) => {
      const { data } = await send('Page.captureScreenshot', {
        format: 'png',
        captureBeyondViewport: wholePage,
        ...(wholePage ? { clip: await whole(ask) } : {}),
      })
      return Buffer.from(String(data), 'base64')
    },
    paper: async () => {
      await send('Emulation.setEmulatedMedia', { media: 'print' })
      const { data } = await send('Page.printToPDF', { printBackground: true, preferCSSPageSize: true })
      return Buffer.from(String(data), 'base64')
    },
    close: async () => {
      const ended = once(child, 'exit')
      socket.close()
      child.kill()
      await ended
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
}

const whole = (ask: Browser['ask']): Promise<object> =>
  ask('({ x: 0, y: 0, width: document.documentElement.clientWidth, height: document.documentElement.scrollHeight, scale: 1 })')

/** Chromium prints where it listens. */
async function addressOf(child: ChildProcess): Promise<string> {
  let said = ''
  for await (const chunk of child.stderr?.iterator({ destroyOnReturn: false }) ?? []) {
    said += String(chunk)
    const [address] = /ws:\/\/\S+/.exec(said) ?? []
    if (address !== undefined) {
      child.stderr?.resume()
      return address
    }
  }
  throw new Error(`no browser: ${said}`)
}

async function connect(address: string): Promise<WebSocket> {
  const socket = new WebSocket(address)
  await once(socket, 'open')
  return socket
}
