// P7: a restore point is visible only when complete and durable; kill -9 or power loss at any instant leaves every earlier one intact.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { createFolder } from '../vault/world.ts'
import { expectIntact } from './vault-intact.ts'
import { backUpAgain, copyOf, losePower, openAt, prepare, type Step } from './vault-interrupted.ts'

const run = promisify(execFile)
const PROGRAM = join(import.meta.dirname, 'vault-interrupted.ts')

test('P7: kill -9 before every step that changes the disk leaves earlier points whole, and the backup can be repeated', {
  timeout: 300_000,
}, async () => {
  await using folder = await createFolder()
  const { template, first } = await prepare(folder.path)
  const start = (directory: string, fatal: string) => run(process.execPath, [PROGRAM, directory, folder.path, first.id, fatal])

  await copyOf(template, folder.file('uncut'))
  const steps = Number((await start(folder.file('uncut'), 'never')).stdout)
  expect(steps).toBeGreaterThan(20)

  async function killAt(step: number): Promise<void> {
    const directory = folder.file(`killed-${step}`)
    await copyOf(template, directory)
    await expect(start(directory, String(step))).rejects.toMatchObject({ signal: 'SIGKILL' })
    await expectIntact(directory, folder.path, first.id)
  }
  const queue = Array.from({ length: steps }, (_, step) => step).values()
  await Promise.all(
    [1, 2].map(async () => {
      for (const step of queue) await killAt(step)
    }),
  )
  console.info(`killed a backup at each of its ${steps} steps`)
})

test('P7: power loss before every step that changes the disk leaves earlier points whole', { timeout: 300_000 }, async () => {
  await using folder = await createFolder()
  const { template, first } = await prepare(folder.path)
  for (let fatal = 0; ; fatal += 1) {
    const directory = folder.file(`cut-${fatal}`)
    await copyOf(template, directory)
    const steps: Step[] = []
    const vault = await openAt(directory, (step, path) => {
      if (steps.length === fatal) throw new Error('the power is gone')
      steps.push({ step, path })
    })
    const ended = await backUpAgain(vault, folder.path, first.id).then(
      () => true,
      () => false,
    )
    if (ended) {
      await vault.close()
      expect(fatal).toBeGreaterThan(20)
      console.info(`cut the power at each of the ${fatal} steps of a backup`)
      return
    }
    await losePower(steps)
    await expectIntact(directory, folder.path, first.id)
  }
})
