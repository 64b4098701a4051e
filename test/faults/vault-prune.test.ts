// P7: forget and prune leave every point that is kept whole, wherever they die.
import { expect, test } from 'vitest'
import type { Backend } from '../../src/vault/index.ts'
import { copyBackend, dyingBackend } from '../vault/failing-backend.ts'
import { createStorage, DISKS, expectWhole, open, storePoints } from '../vault/prune-world.ts'

test.each(['before', 'after'] as const)(
  'P7: forget and prune that die %s any call leave every point that was kept whole, and can be repeated',
  { timeout: 120_000 },
  async (death) => {
    const template = await createStorage()
    const stored = await storePoints(template, DISKS)
    const kept = stored.slice(2)
    let deaths = 0
    for (let fatal = 0; ; fatal += 1) {
      const backend = await copyBackend(template)
      const dying = dyingBackend(backend, fatal, death)
      const ended = await removeOld(dying).then(
        () => true,
        () => false,
      )
      const survivor = await copyBackend(backend)
      await expectWhole(survivor, kept)
      if (ended) break
      deaths += 1
      await removeOld(survivor)
      await expectWhole(survivor, kept)
      expect((await (await open(survivor)).verify({ data: false })).unusedPacks).toBe(0)
    }
    expect(deaths).toBeGreaterThan(30)
    console.info(`forget and prune died ${death} each of ${deaths} calls`)
  },
)

async function removeOld(backend: Backend): Promise<void> {
  const vault = await open(backend)
  try {
    await vault.forget({ rules: { last: 2 }, dryRun: false })
    await vault.prune({ dryRun: false, maxUnused: 0 })
  } finally {
    await vault.close().catch(() => {})
  }
}
