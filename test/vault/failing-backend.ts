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

/** `before` the call it dies at, right `after` it was carried out, or with half a file under the name it had to write: a storage that breaks B2. */
export type Death = 'before' | 'after' | 'torn'

export interface DyingBackend extends Backend {
  readonly calls: () => number
  /** What kind of file it left half written. */
  readonly torn: () => FileKind | undefined
}

/** Every call from the fatal one on fails. */
export function dyingBackend(backend: Backend, fatal: number, death: Death): DyingBackend {
  let calls = 0
  let torn: FileKind | undefined
  async function meet<T>(call: () => Promise<T>, tear?: () => Promise<void>): Promise<T> {
    calls += 1
    const isFatal = calls > fatal
    const isFirst = calls === fatal + 1
    if (isFirst && death === 'torn') await tear?.()
    if (isFatal && (death !== 'after' || !isFirst)) throw new Error('the process is dead')
    const answer = await call()
    if (isFatal) throw new Error('the process is dead')
    return answer
  }
  async function tear(kind: FileKind, name: string, parts: readonly Buffer[]): Promise<void> {
    const whole = Buffer.concat(parts)
    await backend.put(kind, name, [whole.subarray(0, Math.floor(whole.length / 2))])
    torn = kind
  }
  return {
    where: backend.where,
    calls: () => calls,
    torn: () => torn,
    put: (kind, name, parts) =>
      meet(
        () => backend.put(kind, name, parts),
        () => tear(kind, name, parts),
      ),
    read: (kind, name, range) => meet(() => backend.read(kind, name, range)),
    list: (kind) => meet(() => backend.list(kind)),
    names: (kind) => meet(() => backend.names(kind)),
    remove: (kind, name) => meet(() => backend.remove(kind, name)),
  }
}
