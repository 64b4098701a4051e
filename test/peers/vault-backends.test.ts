// Vaults on servers: everything that is done to a local one, with worker threads that connect on their own, and an unmodified restic as judge.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type BackendAddress, initVault, openVault } from '../../src/vault/index.ts'
import { startS3 } from '../s3/server.ts'
import { startSshd } from '../ssh/sshd.ts'
import { backUp, createFolder, MiB, noise, PASSWORD, pointOf, readBack, SMALL, writeDisk } from '../vault/world.ts'
import { peer } from './peer.ts'
import { describeRestics, expectNoErrors, type Restic } from './restic.ts'

/** How restic is told of the same place. */
interface Theirs {
  readonly repository: string
  readonly options?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** The same restic, told of options that every call needs. */
const at = (restic: Restic, { options = [], env = {} }: Theirs): Restic => ({
  ...restic,
  call: (repository, ...args) => restic.callWith({ env }, repository, ...options, ...args),
})

/** Backs up, in full and again, restores, verifies, forgets and prunes; restic looks at it twice, and adds a snapshot of its own. */
async function liveThrough(place: BackendAddress, theirs: Theirs, program: Restic): Promise<void> {
  const restic = at(program, theirs)
  await using folder = await createFolder()
  await initVault(place, PASSWORD, { keyCost: 1024 })
  await expect(initVault(place, PASSWORD)).rejects.toMatchObject({ code: 'VAULT_EXISTS' })

  const full = Buffer.concat([noise(1, 3 * MiB), Buffer.alloc(4 * MiB), noise(2, 2 * MiB + 777)])
  const changed = Buffer.from(full)
  noise(3, 5000).copy(changed, 8 * MiB)
  {
    await using vault = await openVault(place, PASSWORD, { threads: 2, geometry: SMALL })
    const first = await backUp(vault, 'run-0', await writeDisk(folder.file('disk'), full), full.length)
    const stored = await vault.storeDisk({
      disk: 'ide0',
      sizeBytes: full.length,
      source: await writeDisk(folder.file('disk'), changed),
      map: [
        { offsetBytes: 0, lengthBytes: 8 * MiB, kind: 'unchanged' },
        { offsetBytes: 8 * MiB, lengthBytes: 5000, kind: 'data' },
        { offsetBytes: 8 * MiB + 5000, lengthBytes: full.length - 8 * MiB - 5000, kind: 'unchanged' },
      ],
      base: { pointId: first.id, disk: 'ide0' },
    })
    const second = await vault.commitPoint(pointOf('run-1', { ide0: stored }, { level: 'incremental', parent: first.id }))
    await vault.restoreDisk({ pointId: second.id, disk: 'ide0', target: { kind: 'file', path: folder.file('restored') } })
    expect((await readFile(folder.file('restored'))).equals(changed)).toBe(true)
    expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
  }
  await expectNoErrors(restic, theirs.repository)
  await restic.call(theirs.repository, 'backup', '--tag', 'theirs', folder.file('disk'))
  {
    await using vault = await openVault(place, PASSWORD, { threads: 0 })
    expect((await vault.snapshots()).map(({ tags }) => tags[0])).toEqual(['theirs', 'holdfast', 'holdfast'])
    const [latest, first] = await vault.points()
    expect((await vault.forget({ pointIds: [first?.id ?? ''], dryRun: false })).removed).toHaveLength(1)
    const pruned = await vault.prune({ maxUnused: 0, dryRun: false })
    expect(pruned.freedBytes).toBeGreaterThan(0)
    expect((await readBack(vault, latest?.id ?? '')).equals(changed)).toBe(true)
  }
  await expectNoErrors(restic, theirs.repository)
}

describeRestics(' and a vault on an SFTP server', {}, (restic) => {
  test.skipIf(!peer('sshd', 'openssh-server'))(
    'lives there as in a folder',
    async () => {
      await using sshd = await startSshd()
      await using folder = await createFolder()
      const { host, port, user } = sshd.host
      const directory = join(folder.path, 'some', 'vault')
      const ssh = `ssh -p ${port} -i ${sshd.keyFile} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR`
      await liveThrough(
        { kind: 'sftp', host: sshd.host, directory },
        { repository: `sftp:${user}@${host}:${directory}`, options: ['-o', `sftp.command=${ssh} ${user}@${host} -s sftp`] },
        restic,
      )
    },
    600_000,
  )
})

describeRestics(' and a vault in a bucket of an S3 server', {}, (restic) => {
  test('lives there as in a folder', async () => {
    await using server = await startS3()
    const { bucket, endpoint, accessKey } = server
    await liveThrough(
      { kind: 's3', ...bucket, prefix: 'some/prefix' },
      {
        repository: `s3:${endpoint}/${bucket.bucket}/some/prefix`,
        env: { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: accessKey },
      },
      restic,
    )
  }, 600_000)
})
