// Entry of a worker thread: answers questions with `work.ts`. No decisions here.
import { parentPort, workerData } from 'node:worker_threads'
import { arrived, backendAt, type CarriedAddress } from '../backends/index.ts'
import type { VaultCode } from '../code-table.ts'
import { VaultError } from '../codes.ts'
import { keepReleased, type SealKey } from '../format/index.ts'
import { createWork, type Work } from './work.ts'

export interface ThreadData {
  readonly address: CarriedAddress
}

/** Comes first: a thread loads its code while the key is still sought. */
export interface KeyFound {
  readonly key: SealKey
}

export interface Call {
  readonly id: number
  readonly method: Exclude<keyof Work, 'end'>
  readonly args: readonly unknown[]
}

/** `end` comes last. */
export type Question = KeyFound | Call | 'end'

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | {
      readonly id: number
      readonly error: { readonly message: string; readonly stack: string; readonly code?: VaultCode; readonly hint?: string }
    }

keepReleased()
const { address } = workerData as ThreadData
const backend = await backendAt(arrived(address))
let work: Work | undefined
const underWay = new Set<Promise<void>>()

parentPort?.on('message', (question: Question) => {
  if (question === 'end') return void end()
  if ('key' in question) {
    work = createWork(backend, question.key)
    return
  }
  const call: Promise<void> = perform(question).finally(() => underWay.delete(call))
  underWay.add(call)
})

async function perform({ id, method, args }: Call): Promise<void> {
  try {
    if (!work) throw new Error('the first thing that a thread is told is the key')
    const call = work[method] as (...args: readonly unknown[]) => Promise<unknown>
    answer({ id, value: await call(...args) })
  } catch (error) {
    answer({ id, error: describe(error) })
  }
}

/** Once nothing is under way and nothing is open, the thread has no reason to live. */
async function end(): Promise<void> {
  await work?.end()
  await Promise.all(underWay)
  // What was being opened meanwhile.
  await work?.end()
  await backend.close?.()
  parentPort?.close()
}

const answer = (message: Answer): void => parentPort?.postMessage(message)

function describe(error: unknown): Extract<Answer, { error: unknown }>['error'] {
  if (!(error instanceof Error)) return { message: String(error), stack: '' }
  const base = { message: error.message, stack: error.stack ?? '' }
  if (!(error instanceof VaultError)) return base
  return { ...base, code: error.code, ...(error.hint === undefined ? {} : { hint: error.hint }) }
}
