// P7: whatever changes a vault may die at any call of its storage: earlier points stay whole, and the same work then succeeds.
import { expect, test } from 'vitest'
import { type Backend, initBackend, memoryBackend } from '../../src/vault/index.ts'
import { copyBackend, type Death, dyingBackend } from '../vault/failing-backend.ts'
import { backUp, createFolder, noise, PASSWORD, readBack, writeDisk } from '../vault/world.ts'
import { byEffort } from './kill/kill.ts'
import { OPERATIONS, type Operation, openAny, type Prepared } from './vault-calls.ts'

const DEATHS: readonly Death[] = ['before', 'after', 'torn']
/** Every call in continuous integration. */
const STRIDE = byEffort({ desk: 4, ci: 1 })

test.each(OPERATIONS)(
  'P7: $name that dies at any call leaves earlier points whole and can be repeated',
  {
    timeout: 3_600_000,
  },
  async (operation) => {
    await using folder = await createFolder()
    const prepared = await operation.prepare()
    const deaths = { before: 0, after: 0, torn: 0 }
    for (const death of DEATHS) {
      for (let fatal = 0; ; fatal += STRIDE) {
        const backend = await copyBackend(prepared.backend)
        const dying = dyingBackend(backend, fatal, death)
        const ended = await attempt(operation, dying, folder.path)
        if (death !== 'torn' || dying.torn() !== undefined) {
          await judge(operation, prepared, backend, folder.path, dying.torn() !== undefined)
          if (!ended) deaths[death] += 1
        }
        if (dying.calls() <= fatal) break
      }
    }
    expect(deaths.before).toBeGreaterThan(0)
    console.info(`${operation.name} died before ${deaths.before} calls, after ${deaths.after}, in ${deaths.torn} writes`)
  },
)

async function attempt(operation: Operation, backend: Backend, folder: string): Promise<boolean> {
  const vault = await openAny(backend).catch(() => undefined)
  if (!vault) return false
  try {
    await operation.run(vault, folder)
    return true
  } catch {
    return false
  } finally {
    await vault.close().catch(() => {})
  }
}

async function judge(operation: Operation, { kept }: Prepared, died: Backend, folder: string, isTorn: boolean): Promise<void> {
  // Without the locks: their process is dead.
  const backend = await copyBackend(died)
  {
    await using vault = await openAny(backend)
    for (const { point, content } of kept) {
      // A point whose index is damaged waits for the repair.
      if (!operation.isDamaged) expect((await readBack(vault, point.id)).equals(content)).toBe(true)
    }
    if (isTorn) await healTorn(backend, vault)
    if (!operation.isDamaged) expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
  }
  await using vault = await openAny(backend)
  await operation.run(vault, folder)
  await operation.judge?.(vault)
  expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
  const ids = (await vault.points()).map(({ id }) => id)
  for (const { point, content } of kept) {
    expect(ids).toContain(point.id)
    expect((await readBack(vault, point.id)).equals(content)).toBe(true)
  }
}

/** No storage should leave half a file under its name; where one does, repair drops it, and a half key can be removed. */
async function healTorn(backend: Backend, vault: Awaited<ReturnType<typeof openAny>>): Promise<void> {
  await vault.repair({ dropPoints: true, dryRun: false })
  const listed = new Set((await vault.keys.list()).map(({ id }) => id))
  const damaged = (await backend.names('key')).filter((name) => !listed.has(name))
  const { problems } = await vault.verify({ data: false })
  expect(problems).toEqual(damaged.map((name) => `key file ${name.slice(0, 10)} is damaged: its content does not match its name`))
  for (const name of damaged) await vault.keys.remove(name)
}

test('P7: the making of a vault that dies at any call can be repeated', { timeout: 3_600_000 }, async () => {
  await using folder = await createFolder()
  let deaths = 0
  for (const death of ['before', 'after'] as const) {
    for (let fatal = 0; ; fatal += 1) {
      const backend = memoryBackend()
      const dying = dyingBackend(backend, fatal, death)
      const ended = await initBackend(dying, PASSWORD, { keyCost: 1024 }).then(
        () => true,
        () => false,
      )
      if ((await backend.names('config')).length === 0) await initBackend(backend, PASSWORD, { keyCost: 1024 })
      await using vault = await openAny(backend)
      const content = noise(1, 5000)
      const point = await backUp(vault, 'run-1', await writeDisk(folder.file('disk'), content), content.length)
      expect((await readBack(vault, point.id)).equals(content)).toBe(true)
      expect(await vault.keys.list()).toHaveLength(1)
      if (ended) break
      deaths += 1
    }
  }
  console.info(`the making of a vault died at ${deaths} calls`)
})
