// Disks that other programs serve, backed up into a vault.
import { describe, expect, test } from 'vitest'
import { backUp, createFolder, createVault, MiB, noise, readBack, writeDisk } from '../vault/world.ts'
import { nbdkit } from './nbd-peers.ts'
import { peer } from './peer.ts'

describe.skipIf(!peer('nbdkit', 'nbdkit'))('a disk that nbdkit serves', () => {
  test.each([
    ['as it is', []],
    ['to one client at a time: one connection is enough', ['--filter=limit']],
    ['through a server that fails now and then', ['--filter=error']],
  ] as const)('is stored whole, %s', { timeout: 60_000 }, async (_, filters) => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path, { threads: 3 })
    const content = Buffer.concat([noise(1, 5 * MiB), Buffer.alloc(2 * MiB), noise(2, MiB + 512)])
    await writeDisk(folder.file('disk'), content)
    const settings = filters.some((filter) => filter.endsWith('error')) ? ['error-pread=EIO', 'error-pread-rate=20%'] : []
    using server = nbdkit('-r', ...filters, 'file', folder.file('disk'), ...settings)
    const source = { kind: 'nbd-unix', path: server.path, exportName: '' } as const
    const point = await backUp(vault, 'run-1', source, content.length)
    expect((await readBack(vault, point.id)).equals(content)).toBe(true)
  })
})
