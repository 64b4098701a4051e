// The workers of an open vault: threads where the storage can be opened again from its address, else one in this thread.
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Backend } from '../backend.ts'
import { carry } from '../backends/index.ts'
import { VaultError, vaultClosed, workerLost } from '../codes.ts'
import type { SealKey } from '../format/index.ts'
import { createWork, type Work } from './work.ts'
import type { Answer, Call, Question, ThreadData } from './worker-thread.ts'

export interface WorkerPool extends AsyncDisposable {
  /** As many threads as so many bytes are worth begin to load their code. `unlock` does it too. */
  start(bytes: number): void
  /** The workers, the same ones each time; those that so many bytes are worth beyond them come behind. */
  unlock(key: SealKey, bytes: number): readonly Work[]
}

/** What will work once it has the key. */
interface Locked {
  unlock(key: SealKey): Work
  end(): Promise<void>
}

const MOST_THREADS = 4
/** What a thread does in the time that pays for its start several times over: half a second beside a tenth. */
const BYTES_A_THREAD = 128 * 2 ** 20
/** A thread that was told to end has so long for what is under way in it. */
const END_MS = 30_000

/** `threads`: so many for any amount of work; 0 keeps it in this thread. Throws `VAULT_CLOSED` once it has ended. */
export function createPool(backend: Backend, threads?: number): WorkerPool {
  const { address } = backend
  const started: Locked[] = []
  const workers: Work[] = []
  let ended = false

  function countFor(bytes: number): number {
    if (threads === 0 || !address) return 1
    return threads ?? Math.max(1, Math.min(Math.ceil(bytes / BYTES_A_THREAD), availableParallelism(), MOST_THREADS))
  }

  function startUpTo(count: number): void {
    // Whoever was under way when the vault was closed must not start threads that nobody ends.
    if (ended) throw vaultClosed()
    while (started.length < count) {
      started.push(threads === 0 || !address ? workHere(backend) : startThread({ address: carry(address) }))
    }
  }

  return {
    start: (bytes) => startUpTo(countFor(bytes)),
    unlock(key, bytes) {
      startUpTo(countFor(bytes))
      for (const locked of started.slice(workers.length)) workers.push(locked.unlock(key))
      return [...workers]
    },
    async [Symbol.asyncDispose]() {
      ended = true
      await Promise.all(started.map((each) => each.end()))
    },
  }
}

function workHere(backend: Backend): Locked {
  let work: Work | undefined
  return {
    unlock(key) {
      work = createWork(backend, key)
      return work
    },
    end: async () => work?.end(),
  }
}

interface Settle {
  resolve(value: never): void
  reject(error: unknown): void
}

/** Its calls fail with `VAULT_WORKER_LOST` when the thread dies, and with `VAULT_CLOSED` from its end on. */
function startThread(workerData: ThreadData): Locked {
  const thread = new Worker(new URL(`./worker-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url), {
    workerData,
    stdin: false,
  })
  thread.unref()
  const open = new Map<number, Settle>()
  let questions = 0
  let dead: Error | undefined

  function die(error: Error): void {
    dead ??= error
    for (const { reject } of open.values()) reject(dead)
    open.clear()
  }
  thread.on('error', (error) => die(workerLost(error)))
  thread.on('messageerror', (error) => die(workerLost(error)))
  const exited = new Promise<void>((resolve) => {
    thread.on('exit', (code) => {
      die(workerLost(new Error(`it ended with code ${code}`)))
      resolve()
    })
  })
  thread.on('message', (answer: Answer) => {
    const settle = open.get(answer.id)
    open.delete(answer.id)
    if (open.size === 0 && !dead) thread.unref()
    if ('error' in answer) settle?.reject(revive(answer.error))
    else settle?.resolve(answer.value as never)
  })

  function ask<T>(method: Call['method'], args: readonly unknown[]): Promise<T> {
    if (dead) return Promise.reject(dead)
    questions += 1
    const question: Call = { id: questions, method, args }
    return new Promise<T>((resolve, reject) => {
      open.set(question.id, { resolve, reject })
      thread.ref()
      thread.postMessage(question)
    })
  }

  /** The thread leaves by itself, with nothing under way that writes into its memory; it is cut off only when it does not. */
  async function end(): Promise<void> {
    die(vaultClosed())
    thread.ref()
    thread.postMessage('end' satisfies Question)
    const cut = setTimeout(() => void thread.terminate(), END_MS)
    await exited
    clearTimeout(cut)
  }

  const work: Work = {
    openSource: (...args) => ask('openSource', args),
    read: (...args) => ask('read', args),
    keep: (...args) => ask('keep', args),
    flush: (...args) => ask('flush', args),
    close: (...args) => ask('close', args),
    openSink: (...args) => ask('openSink', args),
    write: (...args) => ask('write', args),
    zero: (...args) => ask('zero', args),
    flushSink: (...args) => ask('flushSink', args),
    checkPack: (...args) => ask('checkPack', args),
    end,
  }
  return {
    unlock(key) {
      thread.postMessage({ key } satisfies Question)
      return work
    },
    end,
  }
}

function revive(error: Extract<Answer, { error: unknown }>['error']): Error {
  return error.code === undefined
    ? Object.assign(new Error(error.message), { stack: error.stack })
    : new VaultError(error.code, error.message, error.hint)
}
