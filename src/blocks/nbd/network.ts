// What NBD connections are made of, and the time they pass in: sockets and the host's clock, unless a call is made on another network.
// So that rehearsals reach simulated disks in their own process and time, whatever opens them, however deep.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Duplex } from 'node:stream'
import { sleep } from '../sleep.ts'

export type SocketEndpoint = { readonly host: string; readonly port: number } | { readonly path: string }

/** Where a server answers; `open` opens a fresh stream to it, such as the standard streams of a program that speaks NBD. */
export type Endpoint = SocketEndpoint | { open(stop: AbortSignal): Promise<Duplex> }

export interface NbdNetwork {
  /** Fails with an `NbdError`. The stream belongs to the caller. */
  connect(endpoint: SocketEndpoint, stop: AbortSignal): Promise<Duplex>
  /** Hands over the far end of each connection; a port of 0 is any free one. */
  listen(endpoint: SocketEndpoint, onConnection: (stream: Duplex) => void): Promise<Listening>
  /** Patience between two tries. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>
  /** Calls back once when that much time has passed, unless called off. It keeps no process alive. */
  after(durationMs: number, does: () => void): () => void
}

export interface Listening {
  /** 0 on a unix socket. */
  readonly port: number
  /** Takes no more connections; those there are stay. */
  close(): void
}

type Host = Pick<NbdNetwork, 'sleep' | 'after'> & { readonly connect?: undefined; readonly listen?: undefined }

const HOST: Host = {
  sleep,
  after: (durationMs, does) => {
    const timer = setTimeout(does, durationMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

const networks = new AsyncLocalStorage<NbdNetwork>()

/** All connections that the call opens, and whatever they cause later, are on that network instead of this host's. */
export const onNetwork = <T>(other: NbdNetwork, call: () => T): T => networks.run(other, call)

/** The one that the running call is on; without `connect` and `listen` it is this host's. */
export const network = (): NbdNetwork | Host => networks.getStore() ?? HOST
