// Vaults on servers: everything that is done to a local one, with worker threads that connect on their own, and an unmodified restic as judge.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BackendAddress, initVault, openVault } from '../../src/vault/index.ts'
import { startS3 } from '../s3/server.ts'
import { type Sshd, startSshd } from '../ssh/sshd.ts'
import { backUp, createFolder, MiB, noise, PASSWORD, pointOf, readBack, SMALL, writeDisk } from '../vault/world.ts'
import { peer } from './peer.ts'

const run = promisify(execFile)
const hasRestic = peer('restic', 'restic')

/** How restic is told of the same place. */
interface Theirs {
  readonly repository: string
  readonly options?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

async function restic({ repository, options = [], env = {} }: Theirs, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run('restic', ['--no-cache', ...options, '-r', repository, ...args], {
    env: { ...process.env, RESTIC_PASSWORD: PASSWORD.reveal(), ...env },
    maxBuffer: 64 * MiB,
  })
  return stdout
}

/** Backs up, in full and again, restores, verifies, forgets and prunes; restic looks at it twice, and adds a snapshot of its own. */
async function liveThrough(place: BackendAddress, theirs: Theirs): Promise<void> {
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
  expect(await restic(theirs, 'check', '--read-data')).toContain('no errors were found')
  await restic(theirs, 'backup', '--tag', 'theirs', folder.file('disk'))
  {
    await using vault = await openVault(place, PASSWORD, { threads: 0 })
    expect((await vault.snapshots()).map(({ tags }) => tags[0])).toEqual(['theirs', 'holdfast', 'holdfast'])
    const [latest, first] = await vault.points()
    expect((await vault.forget({ pointIds: [first?.id ?? ''], dryRun: false })).removed).toHaveLength(1)
    const pruned = await vault.prune({ maxUnused: 0, dryRun: false })
    expect(pruned.freedBytes).toBeGreaterThan(0)
    expect((await readBack(vault, latest?.id ?? '')).equals(changed)).toBe(true)
  }
  expect(await restic(theirs, 'check', '--read-data')).toContain('no errors were found')
}

describe.skipIf(!peer('sshd', 'openssh-server') || !hasRestic)('a vault on an SFTP server', () => {
  let sshd: Sshd
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd[Symbol.asyncDispose]())

  test('lives there as in a folder, for restic too', async () => {
    await using folder = await createFolder()
    const { host, port, user } = sshd.host
    const directory = join(folder.path, 'some', 'vault')
    const ssh = `ssh -p ${port} -i ${sshd.keyFile} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR`
    await liveThrough(
      { kind: 'sftp', host: sshd.host, directory },
      { repository: `sftp:${user}@${host}:${directory}`, options: ['-o', `sftp.command=${ssh} ${user}@${host} -s sftp`] },
    )
  }, 600_000)
})

describe.skipIf(!hasRestic)('a vault in a bucket of an S3 server', () => {
  test('lives there as in a folder, for restic too', async () => {
    await using server = await startS3()
    const { bucket, endpoint, accessKey } = server
    await liveThrough(
      { kind: 's3', ...bucket, prefix: 'some/prefix' },
      {
        repository: `s3:${endpoint}/${bucket.bucket}/some/prefix`,
        env: { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: accessKey },
      },
    )
  }, 600_000)
})
