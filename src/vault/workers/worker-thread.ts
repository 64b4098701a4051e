// Entry of a worker thread: answers questions with `work.ts`. No decisions here.
import { parentPort, workerData } from 'node:worker_threads'
import { arrived, backendAt, type CarriedAddress } from '../backends/index.ts'
import { type VaultCode, VaultError } from '../codes.ts'
import type { SealKey } from '../format/index.ts'
import { createWork, type Work } from './work.ts'

export interface ThreadData {
  readonly address: CarriedAddress
  readonly key: SealKey
}

export interface Question {
  readonly id: number
  readonly method: keyof Work
  readonly args: readonly unknown[]
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | {
      readonly id: number
      readonly error: { readonly message: string; readonly stack: string; readonly code?: VaultCode; readonly hint?: string }
    }

const { address, key } = workerData as ThreadData
const work = createWork(await backendAt(arrived(address)), key)

parentPort?.on('message', async ({ id, method, args }: Question) => {
  try {
    const call = work[method] as (...args: readonly unknown[]) => Promise<unknown>
    answer({ id, value: await call(...args) })
  } catch (error) {
    answer({ id, error: describe(error) })
  }
})

const answer = (message: Answer): void => parentPort?.postMessage(message)

function describe(error: unknown): Extract<Answer, { error: unknown }>['error'] {
  if (!(error instanceof Error)) return { message: String(error), stack: '' }
  const base = { message: error.message, stack: error.stack ?? '' }
  if (!(error instanceof VaultError)) return base
  return { ...base, code: error.code, ...(error.hint === undefined ? {} : { hint: error.hint }) }
}
