// A vault in a bucket with object lock, on a service that keeps it: whoever deletes all that can be deleted has only hidden the vault.
import { describe, expect, test } from 'vitest'
import { initVault, openVault } from '../../src/vault/index.ts'
import { canLock, startLockingS3 } from '../s3/moto.ts'
import { backUp, createFolder, MiB, noise, PASSWORD, readBack, SMALL, writeDisk } from '../vault/world.ts'

describe.skipIf(!canLock())('a vault in a bucket with object lock', { timeout: 600_000 }, () => {
  test.each(['governance', 'compliance'] as const)(
    'held by %s comes back whole when the markers of an attack are removed',
    async (mode) => {
      await using s3 = await startLockingS3()
      await using folder = await createFolder()
      const place = { kind: 's3', ...s3.bucket, prefix: 'site-1', lock: { mode, days: 30 } } as const
      await initVault(place, PASSWORD, { keyCost: 1024 })
      const content = noise(1, 3 * MiB)
      const source = await writeDisk(folder.file('disk'), content)
      const open = () => openVault(place, PASSWORD, { threads: 0, geometry: SMALL })
      {
        await using vault = await open()
        await backUp(vault, 'run-1', source, content.length)
        // First all that Holdfast itself would remove: the bucket hides it.
        await vault.forget({ pointIds: (await vault.points()).map(({ id }) => id), dryRun: false })
        await vault.prune({ dryRun: false, maxUnused: 0 })
      }
      const held = (await s3.versions()).filter(({ key, isMarker }) => !isMarker && !key.includes('/locks/'))
      expect(held.length).toBeGreaterThan(4)
      // The attacker deletes every version that he may, hence the lock files, and not one of the rest.
      for (const version of await s3.versions()) {
        if (!version.isMarker) expect(await s3.remove(version), version.key).toBe(version.key.includes('/locks/'))
      }
      for (const version of await s3.versions()) if (version.isMarker) expect(await s3.remove(version)).toBe(true)
      {
        await using vault = await open()
        expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
        const [point] = await vault.points()
        expect((await readBack(vault, point?.id ?? '')).equals(content)).toBe(true)
      }
      // Who has the right of its own passes governance, and nobody passes compliance.
      for (const version of held) expect(await s3.remove(version, true), version.key).toBe(mode === 'governance')
    },
  )
})
