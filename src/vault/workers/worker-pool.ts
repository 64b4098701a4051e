// The workers of an open vault: threads where the storage can be opened again from its address, else one in this thread.
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Backend } from '../backend.ts'
import { carry } from '../backends/index.ts'
import { VaultError } from '../codes.ts'
import type { SealKey } from '../format/index.ts'
import { createWork, type Work } from './work.ts'
import type { Answer, Question, ThreadData } from './worker-thread.ts'

export interface WorkerPool extends AsyncDisposable {
  readonly workers: readonly Work[]
}

const MOST_THREADS = 4

/** `threads: 0` keeps the work in this thread. */
export function createPool(backend: Backend, key: SealKey, threads = Math.min(availableParallelism(), MOST_THREADS)): WorkerPool {
  const { address } = backend
  if (threads === 0 || !address) return { workers: [createWork(backend, key)], async [Symbol.asyncDispose]() {} }
  const started = Array.from({ length: threads }, () => startThread({ address: carry(address), key }))
  return {
    workers: started.map(({ work }) => work),
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map(({ thread }) => thread.terminate()))
    },
  }
}

interface Settle {
  resolve(value: never): void
  reject(error: unknown): void
}

function startThread(workerData: ThreadData): { readonly thread: Worker; readonly work: Work } {
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
  thread.on('error', die)
  thread.on('exit', (code) => die(new Error(`a worker thread of the vault ended with code ${code}`)))
  thread.on('message', (answer: Answer) => {
    const settle = open.get(answer.id)
    open.delete(answer.id)
    if (open.size === 0) thread.unref()
    if ('error' in answer) settle?.reject(revive(answer.error))
    else settle?.resolve(answer.value as never)
  })

  function ask<T>(method: keyof Work, args: readonly unknown[]): Promise<T> {
    if (dead) return Promise.reject(dead)
    questions += 1
    const question: Question = { id: questions, method, args }
    return new Promise<T>((resolve, reject) => {
      open.set(question.id, { resolve, reject })
      thread.ref()
      thread.postMessage(question)
    })
  }

  return {
    thread,
    work: {
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
    },
  }
}

function revive(error: Extract<Answer, { error: unknown }>['error']): Error {
  return error.code === undefined
    ? Object.assign(new Error(error.message), { stack: error.stack })
    : new VaultError(error.code, error.message, error.hint)
}
