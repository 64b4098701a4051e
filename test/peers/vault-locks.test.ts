// Locks that outlive their process, on every storage: passed over, taken away, shown; and locks that are held stay.
import { hostname } from 'node:os'
import { describe, expect, test } from 'vitest'
import { backendAt } from '../../src/vault/backends/open.ts'
import { findKey } from '../../src/vault/format/index.ts'
import { putFile } from '../../src/vault/format/sealed-files.ts'
import { type Backend, initVault, openVault, type VaultPlace } from '../../src/vault/index.ts'
import { startS3 } from '../s3/server.ts'
import { startSshd } from '../ssh/sshd.ts'
import { backUpFolder } from '../vault/file-world.ts'
import { createFolder, PASSWORD } from '../vault/world.ts'
import { peer } from './peer.ts'
import { describeRestics, expectNoErrors } from './restic.ts'

/** A pid that no process has. */
const DEAD = 2 ** 22 + 1
const HOLDER = { exclusive: true, hostname: 'elsewhere', username: 'root', pid: 4711 }
const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString()

async function leaveLock(backend: Backend, lock: object): Promise<string> {
  const key = await findKey(backend, PASSWORD)
  return await putFile(backend, key, 'lock', JSON.stringify({ ...HOLDER, time: ago(0), ...lock }))
}

const leaveDead = (backend: Backend): Promise<string> => leaveLock(backend, { hostname: hostname(), pid: DEAD })

async function* localPlace() {
  await using folder = await createFolder()
  yield { place: folder.file('vault'), address: { kind: 'local', directory: folder.file('vault') } as const }
}

async function* s3Place() {
  await using s3 = await startS3()
  const address = { kind: 's3', ...s3.bucket, prefix: 'below/vault' } as const
  yield { place: address, address }
}

async function* sftpPlace() {
  await using folder = await createFolder()
  await using sshd = await startSshd()
  const address = { kind: 'sftp', host: sshd.host, directory: folder.file('vault') } as const
  yield { place: address, address }
}

describe.each([
  ['in a folder', localPlace, true],
  ['in a bucket of an S3 server', s3Place, true],
  ['on an SFTP server', sftpPlace, peer('sshd', 'openssh-server')],
] as const)('a vault %s', (_, places, isThere) => {
  test.skipIf(!isThere)(
    'takes stale locks away with the next lock, or when it is told to; what is held stays',
    async () => {
      for await (const { place, address } of places()) {
        await initVault(place as VaultPlace, PASSWORD, { keyCost: 1024 })
        const backend = await backendAt(address)
        await using vault = await openVault(place as VaultPlace, PASSWORD, { threads: 0 })
        const locks = async () => [...(await backend.names('lock'))].sort()

        await leaveDead(backend)
        await leaveLock(backend, { time: ago(31) })
        await vault.forget({ rules: { last: 1 }, dryRun: false })
        expect(await locks()).toEqual([])

        const stale = [await leaveDead(backend), await leaveLock(backend, { time: ago(31) })].sort()
        const held = await leaveLock(backend, { time: ago(29) })
        await expect(vault.verify({ data: false })).rejects.toMatchObject({
          code: 'VAULT_LOCKED',
          message: expect.stringContaining('exclusively by process 4711 on elsewhere'),
          hint: expect.stringContaining('holdfast vault unlock'),
        })
        const dry = await vault.unlock({ dryRun: true })
        expect(dry.removed.map(({ id }) => id).sort()).toEqual(stale)
        expect(dry.left).toMatchObject([
          { id: held, state: 'held', holder: { pid: 4711, hostname: 'elsewhere', username: 'root' } },
        ])
        expect(await locks()).toEqual([...stale, held].sort())
        expect(await vault.unlock({})).toEqual(dry)
        expect(await locks()).toEqual([held])

        const unreadable = '0'.repeat(64)
        await backend.put('lock', unreadable, [Buffer.from('no lock')])
        expect((await vault.unlock({})).left).toContainEqual({ id: unreadable, state: 'unreadable' })
        expect((await vault.unlock({ all: true })).removed).toHaveLength(2)
        expect(await locks()).toEqual([])
        await vault.verify({ data: false })
        expect(await locks()).toEqual([])
        await backend.close?.()
      }
    },
    120_000,
  )
})

describeRestics('', { timeout: 120_000 }, (restic) => {
  test('is not kept out by what a killed process left, once Holdfast has had the vault', async () => {
    await using folder = await createFolder()
    const directory = folder.file('vault')
    await initVault(directory, PASSWORD, { keyCost: 1024 })
    await using vault = await openVault(directory, PASSWORD, { threads: 0 })
    await leaveDead(await backendAt({ kind: 'local', directory }))
    await expect(restic.call(directory, 'check')).rejects.toThrow('locked')
    await backUpFolder(vault, 'run-1', import.meta.dirname)
    await expectNoErrors(restic, directory)
  })
})
