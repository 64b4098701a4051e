// What an operation leaves that died at some call of its storage, judged by an unmodified restic; all calls are in test/faults/vault-calls.test.ts.
import { expect, test } from 'vitest'
import { createFolders } from '../../src/vault/backends/local.ts'
import { type Backend, localBackend } from '../../src/vault/index.ts'
import { byEffort } from '../faults/kill/kill.ts'
import { NEXT_PASSWORD, OPERATIONS, type Operation, openAny } from '../faults/vault-calls.ts'
import { copyBackend, dyingBackend } from '../vault/failing-backend.ts'
import { createFolder } from '../vault/world.ts'
import { describeRestics, type Restic } from './restic.ts'

/** Deaths of each operation, spread over its calls. */
const SAMPLES = byEffort({ desk: 2, ci: 5 })

async function check({ call, callWith }: Restic, repository: string): Promise<string> {
  const asked = ['check', '--read-data']
  const next = { env: { RESTIC_PASSWORD: NEXT_PASSWORD.reveal() } }
  return String(await call(repository, ...asked).catch(() => callWith(next, repository, ...asked)))
}

/** Answers how many calls it came to. */
async function dieAt(operation: Operation, backend: Backend, fatal: number, folder: string): Promise<number> {
  const dying = dyingBackend(backend, fatal, 'after')
  const vault = await openAny(dying).catch(() => undefined)
  if (vault) await operation.run(vault, folder).catch(() => {})
  await vault?.close().catch(() => {})
  return dying.calls()
}

describeRestics(' finds no error', { timeout: 3_600_000 }, (restic) => {
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
      expect(await check(restic, directory), `at call ${fatal} of ${calls}`).toContain('no errors were found')
    }
  })
})
