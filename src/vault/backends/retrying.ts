// A storage that is asked again when it could not be reached: every call of a backend may be repeated.
import type { Backend, FileKind } from '../backend.ts'
import { VaultError } from '../codes.ts'

/** About a minute and a half in all: what a server needs to start anew. */
const TRIES = 8
/** A storage that has never answered is more likely misnamed than asleep. */
const FIRST_TRIES = 3
const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 30_000

export interface RetryOptions {
  readonly wait?: (ms: number) => Promise<void>
}

/** Calls that end with `VAULT_STORAGE_LOST` are repeated, each time after twice as long. */
export function retrying(backend: Backend, { wait = sleep }: RetryOptions = {}): Backend {
  let answered = false

  async function again<T>(call: () => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried += 1) {
      try {
        const answer = await call()
        answered = true
        return answer
      } catch (error) {
        if (!(error instanceof VaultError && error.code === 'VAULT_STORAGE_LOST')) throw error
        if (tried >= (answered ? TRIES : FIRST_TRIES)) throw error
        await wait(Math.min(FIRST_WAIT_MS * 2 ** (tried - 1), LONGEST_WAIT_MS) * (0.5 + Math.random() / 2))
      }
    }
  }

  const { prepare, hasFolder } = backend
  return {
    ...backend,
    put: (kind, name, parts) => again(() => backend.put(kind, name, parts)),
    read: (kind, name, range) => again(() => backend.read(kind, name, range)),
    list: (kind) => again(() => backend.list(kind)),
    names: (kind) => again(() => backend.names(kind)),
    remove: (kind, name) => again(() => backend.remove(kind, name)),
    ...(hasFolder ? { hasFolder: (kind: FileKind) => again(() => hasFolder(kind)) } : {}),
    ...(prepare ? { prepare: () => again(() => prepare()) } : {}),
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
