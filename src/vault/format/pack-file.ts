// A pack on its way into storage, piece by piece where the storage lets files grow. It may not know what the pieces mean.
import { createHash } from 'node:crypto'
import type { Backend, GrowingFile } from '../backend.ts'
import { release } from './release.ts'

export interface PackFile {
  /** The parts belong to the file from now on. Wait for the answer before adding more: it bounds memory. */
  add(parts: readonly Buffer[]): Promise<void>
  /** Resolves with the pack's id once it is durable. */
  finish(): Promise<string>
  /** In place of `finish`: nothing is left of it. */
  drop(): Promise<void>
}

/** So much is handed to a growing file at once. */
const RUN_BYTES = 2 * 1024 ** 2

export function createPackFile(backend: Backend): PackFile {
  return backend.begin ? growingPack(backend.begin('pack')) : wholePack(backend)
}

function wholePack(backend: Backend): PackFile {
  const hash = createHash('sha256')
  const parts: Buffer[] = []
  return {
    async add(more) {
      for (const part of more) hash.update(part)
      parts.push(...more)
    },
    async finish() {
      const id = hash.digest('hex')
      await backend.put('pack', id, parts)
      parts.forEach(release)
      return id
    },
    drop: async () => parts.forEach(release),
  }
}

function growingPack(begun: Promise<GrowingFile>): PackFile {
  const hash = createHash('sha256')
  let parts: Buffer[] = []
  let waitingBytes = 0
  let written: Promise<unknown> = begun
  ignore(written)

  async function append(run: readonly Buffer[], before: Promise<unknown>): Promise<void> {
    await before
    const file = await begun
    await file.append(run)
    run.forEach(release)
  }

  function writeRun(): void {
    written = append(parts, written)
    ignore(written)
    parts = []
    waitingBytes = 0
  }

  return {
    async add(more) {
      for (const part of more) {
        hash.update(part)
        parts.push(part)
        waitingBytes += part.length
      }
      if (waitingBytes < RUN_BYTES) return
      const before = written
      writeRun()
      await before
    },
    async finish() {
      writeRun()
      await written
      const id = hash.digest('hex')
      await (await begun).finish(id)
      return id
    },
    async drop() {
      // One that failed has abandoned it already.
      const isWritten = await written.then(
        () => true,
        () => false,
      )
      if (isWritten) await (await begun).abandon()
    },
  }
}

/** Whoever waits for it hears of its failure; until then nobody need. */
function ignore(promise: Promise<unknown>): void {
  promise.catch(() => {})
}
