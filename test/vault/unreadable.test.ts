// A disk's error or a lost connection passes. Whatever the vault was about to do then, nothing is taken for damaged and given up. [P7]
import { describe, expect, test } from 'vitest'
import type { Backend, Vault } from '../../src/vault/index.ts'
import { copyBackend } from './failing-backend.ts'
import { createStorage, DISKS, expectWhole, open, storePoints } from './prune-world.ts'

const template = await createStorage()
const stored = await storePoints(template, DISKS)
const ids = stored.map(({ point }) => point.id).sort()

const OPERATIONS: Readonly<Record<string, (vault: Vault) => Promise<unknown>>> = {
  list: async (vault) => expect((await vault.points()).map(({ id }) => id).sort()).toEqual(ids),
  latest: async (vault) => expect((await vault.point('latest')).id).toBe(stored.at(-1)?.point.id),
  keys: async (vault) => expect(await vault.keys.list()).toHaveLength(1),
  forget: (vault) => vault.forget({ rules: { last: 100 }, dryRun: false }),
  prune: (vault) => vault.prune({ maxUnused: 0, dryRun: false }),
  repair: (vault) => vault.repair({ dropPoints: true, dryRun: false }),
}

/** One read fails, once. */
function hiccup(backend: Backend, fatal: number): Backend & { readonly reads: () => number } {
  let reads = 0
  return {
    ...backend,
    reads: () => reads,
    read: async (kind, name, range) => {
      reads += 1
      if (reads === fatal + 1) throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })
      return backend.read(kind, name, range)
    },
  }
}

describe.each(Object.entries(OPERATIONS))('%s', (_, operate) => {
  test('fails with the error of whichever read failed, or does without it; and every point is as whole as before', async () => {
    let failures = 0
    for (let fatal = 0; ; fatal += 1) {
      const backend = await copyBackend(template)
      const failing = hiccup(backend, fatal)
      const ended = await attempt(failing, operate)
      if (failing.reads() <= fatal) break
      if (ended instanceof Error) {
        failures += 1
        expect(ended.message).toContain('EIO')
      }
      await expectWhole(backend, stored)
    }
    expect(failures).toBeGreaterThan(0)
  })
})

async function attempt(backend: Backend, operate: (vault: Vault) => Promise<unknown>): Promise<unknown> {
  try {
    await using vault = await open(backend)
    return await operate(vault)
  } catch (error) {
    return error
  }
}
