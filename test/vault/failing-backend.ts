// Storage that dies at a chosen call, as a process does that is killed there; and copies of storage.
import { type Backend, type FileKind, memoryBackend } from '../../src/vault/index.ts'

const KINDS: readonly FileKind[] = ['config', 'key', 'pack', 'index', 'snapshot', 'lock']

/** Without locks: those of a process that died do not count. */
export async function copyBackend(from: Backend, to: Backend = memoryBackend()): Promise<Backend> {
  for (const kind of KINDS) {
    if (kind === 'lock') continue
    for (const name of await from.names(kind)) await to.put(kind, name, [await from.read(kind, name)])
  }
  return to
}

/** `before` the call it dies at, or right `after` it was carried out. */
export type Death = 'before' | 'after'

export interface DyingBackend extends Backend {
  readonly calls: () => number
}

/** Every call from the fatal one on fails. */
export function dyingBackend(backend: Backend, fatal: number, death: Death): DyingBackend {
  let calls = 0
  async function meet<T>(call: () => Promise<T>): Promise<T> {
    calls += 1
    const isFatal = calls > fatal
    if (isFatal && (death === 'before' || calls > fatal + 1)) throw new Error('the process is dead')
    const answer = await call()
    if (isFatal) throw new Error('the process is dead')
    return answer
  }
  return {
    where: backend.where,
    calls: () => calls,
    put: (kind, name, parts) => meet(() => backend.put(kind, name, parts)),
    read: (kind, name, range) => meet(() => backend.read(kind, name, range)),
    list: (kind) => meet(() => backend.list(kind)),
    names: (kind) => meet(() => backend.names(kind)),
    remove: (kind, name) => meet(() => backend.remove(kind, name)),
  }
}
