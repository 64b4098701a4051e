// An export keeps others from pruning while somebody uses it, and no longer.
import { expect, test, vi } from 'vitest'
import { connectNbd } from '../../src/blocks/index.ts'
import { exportVault } from '../../src/vault/index.ts'
import { CHUNK, createStorage, DISKS, open, storePoints } from './prune-world.ts'
import { createFolder, noise } from './world.ts'

/** On a machine that may be busy. */
const PATIENCE = { timeout: 600_000 }

test('a point is pruned once the last client has gone, and then is unknown to the next', PATIENCE, async () => {
  await using folder = await createFolder()
  const backend = await createStorage()
  const [first] = await storePoints(backend, DISKS)
  await using vault = await open(backend)
  await using other = await open(backend)
  const path = folder.file('socket')
  await using _server = await exportVault(vault, { listen: { path } })
  const name = `${first?.point.id}/ide0`
  {
    await using one = await connectNbd({ path }, name)
    {
      await using _two = await connectNbd({ path }, name)
    }
    await expect(other.forget({ pointIds: [first?.point.id ?? ''], dryRun: false })).rejects.toMatchObject({
      code: 'VAULT_LOCKED',
    })
    const into = Buffer.alloc(CHUNK)
    await one.read(0, into)
    expect(into.equals(noise(1, CHUNK))).toBe(true)
  }
  await vi.waitUntil(async () => (await backend.names('lock')).length === 0, PATIENCE)
  await other.forget({ pointIds: [first?.point.id ?? ''], dryRun: false })
  await other.prune({ dryRun: false, maxUnused: 0 })
  await expect(connectNbd({ path }, name)).rejects.toThrow()
  await using left = await connectNbd({ path }, 'vm-1/latest/ide0')
  expect(left.sizeBytes).toBe(4 * CHUNK)
})

test('what a client wrote is there for the next one until the server ends, and so is the lock', PATIENCE, async () => {
  await using folder = await createFolder()
  const backend = await createStorage()
  await storePoints(backend, DISKS)
  await using vault = await open(backend)
  const path = folder.file('socket')
  {
    await using _server = await exportVault(vault, { listen: { path }, copyOnWrite: { scratchFolder: folder.path } })
    for (const round of [0, 1]) {
      await using client = await connectNbd({ path }, 'vm-1/latest/ide0')
      const into = Buffer.alloc(CHUNK)
      await client.read(0, into)
      expect(into.equals(noise(round === 0 ? 9 : 50, CHUNK))).toBe(true)
      await client.write(0, noise(50, CHUNK))
    }
    expect(await backend.names('lock')).toHaveLength(1)
  }
  expect(await backend.names('lock')).toEqual([])
})
