// What an operation leaves that died at some call of its storage, judged by an unmodified restic; all calls are in test/faults/vault-calls.test.ts.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createFolders } from '../../src/vault/backends/local.ts'
import { type Backend, localBackend } from '../../src/vault/index.ts'
import { byEffort } from '../faults/kill/kill.ts'
import { NEXT_PASSWORD, OPERATIONS, type Operation, openAny } from '../faults/vault-calls.ts'
import { copyBackend, dyingBackend } from '../vault/failing-backend.ts'
import { createFolder, MiB, PASSWORD } from '../vault/world.ts'
import { peer } from './peer.ts'

const run = promisify(execFile)
/** Deaths of each operation, spread over its calls. */
const SAMPLES = byEffort({ desk: 2, ci: 5 })

async function check(repository: string): Promise<string> {
  const by = async (password: string) => {
    const env = { ...process.env, RESTIC_PASSWORD: password, RESTIC_REPOSITORY: repository }
    return (await run('restic', ['--no-cache', 'check', '--read-data'], { maxBuffer: 64 * MiB, env })).stdout
  }
  return await by(PASSWORD.reveal()).catch(() => by(NEXT_PASSWORD.reveal()))
}

/** Answers how many calls it came to. */
async function dieAt(operation: Operation, backend: Backend, fatal: number, folder: string): Promise<number> {
  const dying = dyingBackend(backend, fatal, 'after')
  const vault = await openAny(dying).catch(() => undefined)
  if (vault) await operation.run(vault, folder).catch(() => {})
  await vault?.close().catch(() => {})
  return dying.calls()
}

describe.skipIf(!peer('restic', 'restic'))('restic finds no error', { timeout: 3_600_000 }, () => {
  test.each(OPERATIONS.filter(({ isDamaged }) => !isDamaged))('where $name died (P7)', async (operation) => {
    await using folder = await createFolder()
    const { backend: template } = await operation.prepare()
    const calls = await dieAt(operation, await copyBackend(template), Number.POSITIVE_INFINITY, folder.path)
    for (let sample = 1; sample <= SAMPLES; sample += 1) {
      const fatal = Math.floor((sample * calls) / (SAMPLES + 1))
      const died = await copyBackend(template)
      await dieAt(operation, died, fatal, folder.path)
      const directory = folder.file(`died-${fatal}`)
      await createFolders(directory)
      await copyBackend(died, localBackend(directory))
      expect(await check(directory), `at call ${fatal} of ${calls}`).toContain('no errors were found')
    }
  })
})
