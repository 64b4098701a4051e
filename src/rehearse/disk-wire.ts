// The wire to disks, in rehearsals: byte streams within this process between whoever opens a disk and whoever serves it,
// unless a fault strikes on the way. It knows just enough of NBD to let an answer lie.
import { rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { connect as connectSocket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Listening, NbdError, type NbdNetwork, type SocketEndpoint } from '../blocks/index.ts'
import type { RehearsalClock } from './clock.ts'
import type { DiskFault } from './model.ts'
import { streamPair } from './stream-pair.ts'

/** Less than the silence that a client bears, more than most waits. */
const SLOW_MS = 20_000

/** Where something can go wrong: a connection that is opened, a piece of an answer. */
export type DiskPlace = DiskFault['at']

/** One process that opens disks, as its connections see it. */
export interface DiskUser {
  /** Its work waits until the answer is called. */
  pause(): () => void
  /** Aborts when the process dies: its connections end, and it learns nothing any more. */
  readonly dead: AbortSignal
}

export interface DiskWire {
  /** Where stand-ins serve their disks. */
  readonly far: NbdNetwork
  /** Where a handler opens disks. */
  near(user: DiskUser): NbdNetwork
  /** How often each place was passed. */
  passed(): Readonly<Record<DiskPlace, number>>
  strike(fault: DiskFault): void
  heal(): void
}

type Serve = (stream: Duplex) => void

export function createDiskWire(clock: RehearsalClock): DiskWire {
  const servers = new Map<string, Serve>()
  const passed: Record<DiskPlace, number> = { connect: 0, answer: 0 }
  let waiting: { readonly fault: DiskFault; skip: number }[] = []
  let lastPort = 10_000

  function meet(at: DiskPlace): DiskFault['does'] | undefined {
    passed[at] += 1
    let met: (typeof waiting)[number] | undefined
    for (const each of waiting) {
      if (each.fault.at !== at) continue
      each.skip -= 1
      if (each.skip < 0) met ??= each
    }
    waiting = waiting.filter((each) => each !== met)
    return met?.fault.does
  }

  const after: NbdNetwork['after'] = (durationMs, does) => {
    const over = new AbortController()
    clock.sleep(durationMs, over.signal).then(does, () => {})
    return () => over.abort()
  }

  async function listen(endpoint: SocketEndpoint, serve: Serve): Promise<Listening> {
    lastPort += 1
    const there = 'path' in endpoint || endpoint.port !== 0 ? endpoint : { ...endpoint, port: lastPort }
    const name = nameOf(there)
    servers.set(name, serve)
    if ('port' in there) return { port: there.port, close: () => servers.delete(name) }
    // Whether a server is there can be seen from its socket.
    await writeFile(there.path, '')
    return {
      port: 0,
      close: () => {
        servers.delete(name)
        rmSync(there.path, { force: true })
      },
    }
  }

  async function connect(endpoint: SocketEndpoint, stop: AbortSignal, user: DiskUser): Promise<Duplex> {
    const serve = servers.get(nameOf(endpoint))
    const does = meet('connect')
    if (does === 'hangs') await silent(user, stop)
    if (does === 'slow') await late(user, stop)
    stop.throwIfAborted()
    if (does === 'certificateUnknown') throw new NbdError('tlsFailed', 'TLS failed: unable to verify the first certificate')
    // A program that a handler started, such as nbdkit.
    if (!serve && does !== 'refused' && 'path' in endpoint) return connectSocket(endpoint.path)
    if (does === 'refused' || !serve) throw new NbdError('unreachable', `No connection: connect ECONNREFUSED ${nameOf(endpoint)}`)
    return open(serve, user)
  }

  function open(serve: Serve, user: DiskUser): Duplex {
    const lies = { next: false, cutBytes: 0 }
    let isCut = false
    const { near, far } = streamPair(async (piece) => {
      const does = meet('answer')
      if (does === 'reset') near.destroy(reset())
      if (does === 'cut') setImmediate(() => near.destroy(reset()))
      if (does === 'hangs') await silent(user, closed(near))
      if (does === 'slow') await late(user, closed(near)).catch(() => {})
      if (does === 'short') lies.next = true
      if (near.destroyed || isCut) return undefined
      isCut = does === 'cut'
      return isCut ? piece.subarray(0, Math.floor(piece.length / 2)) : shortened(piece, lies)
    })
    const end = (): void => void near.destroy()
    if (user.dead.aborted) end()
    user.dead.addEventListener('abort', end)
    near.once('close', () => user.dead.removeEventListener('abort', end))
    serve(far)
    return near
  }

  async function late(user: DiskUser, stop: AbortSignal): Promise<void> {
    const resume = user.pause()
    try {
      await clock.sleep(SLOW_MS, stop)
    } finally {
      resume()
    }
  }

  return {
    far: { connect: async () => Promise.reject(new Error('stand-ins open no disks')), listen, sleep: clock.sleep, after },
    near: (user) => ({
      connect: (endpoint, stop) => connect(endpoint, stop, user),
      listen: async () => Promise.reject(new Error('handlers serve no disks')),
      sleep: async (durationMs, signal) => {
        const resume = user.pause()
        try {
          await clock.sleep(durationMs, signal)
        } finally {
          resume()
        }
        if (user.dead.aborted) await new Promise<never>(() => {})
      },
      after,
    }),
    passed: () => ({ ...passed }),
    strike: (fault) => void waiting.push({ fault, skip: fault.skip }),
    heal: () => {
      waiting = []
    },
  }
}

const nameOf = (endpoint: SocketEndpoint): string => ('path' in endpoint ? endpoint.path : `${endpoint.host}:${endpoint.port}`)

const reset = (): Error => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' })

function closed(stream: Duplex): AbortSignal {
  const over = new AbortController()
  stream.once('close', () => over.abort())
  return over.signal
}

/** Nothing comes until that is over. */
function silent(user: DiskUser, over: AbortSignal): Promise<void> {
  const resume = user.pause()
  return new Promise((resolve) => {
    const end = (): void => {
      resume()
      resolve()
    }
    if (over.aborted) end()
    else over.addEventListener('abort', end, { once: true })
  })
}

/** "Structured reply types": a chunk of read data, and where its length stands. */
const CHUNK_MAGIC = 0x668e33ef
const OFFSET_DATA = 1

/** A chunk of data that says itself that it holds but half, so that the answer is sound and leaves bytes out. */
function shortened(piece: Buffer, lies: { next: boolean; cutBytes: number }): Buffer {
  if (lies.cutBytes > 0) {
    const { cutBytes } = lies
    lies.cutBytes = 0
    return piece.subarray(0, piece.length - cutBytes)
  }
  const isHead = piece.length === 28 && piece.readUInt32BE(0) === CHUNK_MAGIC && piece.readUInt16BE(6) === OFFSET_DATA
  if (!lies.next || !isHead) return piece
  const dataBytes = piece.readUInt32BE(16) - 8
  lies.next = false
  lies.cutBytes = Math.ceil(dataBytes / 2)
  const head = Buffer.from(piece)
  head.writeUInt32BE(8 + dataBytes - lies.cutBytes, 16)
  return head
}
