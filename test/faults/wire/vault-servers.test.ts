// Servers that a vault lies on, at their worst: lost connections, wrong logins, no room, and objects that nobody may remove.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import { describe, expect, test, vi } from 'vitest'
import { Secret } from '../../../src/values/index.ts'
import { backendAt } from '../../../src/vault/backends/open.ts'
import { retrying } from '../../../src/vault/backends/retrying.ts'
import { s3Backend } from '../../../src/vault/backends/s3.ts'
import { sftpBackend } from '../../../src/vault/backends/sftp.ts'
import { type Backend, type BackendAddress, initVault, openVault, VaultError } from '../../../src/vault/index.ts'
import { peer } from '../../peers/peer.ts'
import { refuse, type S3Server, type S3ServerOptions, startS3 } from '../../s3/server.ts'
import { type Sshd, type SshdOptions, startSshd } from '../../ssh/sshd.ts'
import { backUp, createFolder, MiB, noise, PASSWORD, readBack, SMALL, writeDisk } from '../../vault/world.ts'

// Handshakes with a true sshd take long on a busy machine.
vi.setConfig({ testTimeout: 600_000 })

const NAME = 'ab'.repeat(32)
const OTHER = 'cd'.repeat(32)
const patiently = (backend: Backend): Backend => retrying(backend, { wait: async () => {} })

describe.skipIf(!peer('sshd', 'openssh-server'))('an SFTP server', () => {
  async function world(options?: SshdOptions) {
    const sshd = await startSshd(options)
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-sftp-'))
    const addressOf = (more: Partial<Sshd['host']> = {}) =>
      ({ kind: 'sftp', host: { ...sshd.host, ...more }, directory }) as const
    const backend = patiently(sftpBackend(addressOf()))
    return {
      sshd,
      directory,
      addressOf,
      backend,
      async [Symbol.asyncDispose]() {
        await backend.close?.()
        await sshd[Symbol.asyncDispose]()
        await rm(directory, { recursive: true, force: true })
      },
    }
  }

  test('that breaks off in the middle of a file gets it again, whole', async () => {
    await using sftp = await world()
    const content = noise(1, 3 * MiB)
    await sftp.backend.put('pack', OTHER, [Buffer.from('small')])
    sftp.sshd.cutAfterBytes(MiB)
    await sftp.backend.put('pack', NAME, [content])
    expect((await sftp.backend.list('pack')).filter(({ name }) => name === NAME)).toEqual([
      { name: NAME, sizeBytes: content.length },
    ])
    sftp.sshd.cutAfterBytes(MiB)
    expect((await sftp.backend.read('pack', NAME)).equals(content)).toBe(true)
  })

  test('that breaks off during a backup does not end it: each worker connects again', async () => {
    await using sftp = await world()
    await using folder = await createFolder()
    const content = noise(2, 6 * MiB)
    await initVault(sftp.addressOf(), PASSWORD, { keyCost: 1024 })
    await using vault = await openVault(sftp.addressOf(), PASSWORD, { threads: 2, geometry: SMALL })
    sftp.sshd.cutAfterBytes(2 * MiB)
    const { id } = await backUp(vault, 'run-1', await writeDisk(folder.file('disk'), content), content.length)
    expect((await readBack(vault, id)).equals(content)).toBe(true)
    expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
  })

  test('that is gone is told of as lost, with the reason', async () => {
    await using sftp = await world()
    await sftp.backend.list('pack')
    await sftp.sshd[Symbol.asyncDispose]()
    await expect(sftp.backend.read('pack', NAME)).rejects.toMatchObject({
      code: 'VAULT_STORAGE_LOST',
      message: expect.stringMatching(/^sftp:\/\/.* cannot be reached: 127\.0\.0\.1 cannot be reached: .*ECONNREFUSED/),
    })
  })

  test('that does not know the login, or shows another key, is not asked again', async () => {
    await using sftp = await world()
    const tell = async (more: Partial<Sshd['host']>): Promise<unknown> => {
      const backend = await backendAt(sftp.addressOf(more))
      return await backend.list('pack').catch(({ code, message }: VaultError) => `${code}: ${message}`)
    }
    expect(await tell({ login: sftp.sshd.strangeLogin })).toMatch(/^VAULT_STORAGE_REFUSED: .* refused the login of /)
    expect(await tell({ hostKey: sftp.sshd.strangeKey })).toMatch(
      /^VAULT_STORAGE_REFUSED: .* showed another key than the pinned one/,
    )
  })

  test('without room refuses in its own words, and keeps no half of a file', async () => {
    await using sftp = await world({ largestFileBytes: MiB })
    await sftp.backend.put('pack', OTHER, [Buffer.from('small')])
    await expect(sftp.backend.put('pack', NAME, [noise(1, 2 * MiB)])).rejects.toMatchObject({
      code: 'VAULT_STORAGE_REFUSED',
      message: expect.stringMatching(/refused: write .*: Failure \(SFTP status 4\)$/),
    })
    expect(await readdir(join(sftp.directory, 'tmp'))).toEqual([])
    expect(await sftp.backend.names('pack')).toEqual([OTHER])
  })
})

describe('an S3 service', () => {
  async function world(options?: S3ServerOptions) {
    const server = await startS3(options)
    const addressOf = (more: Partial<S3Server['bucket']> = {}) => ({ kind: 's3', ...server.bucket, prefix: '', ...more }) as const
    const backend = patiently(s3Backend(addressOf()))
    return {
      server,
      addressOf,
      backend,
      async [Symbol.asyncDispose]() {
        await backend.close?.()
        await server[Symbol.asyncDispose]()
      },
    }
  }

  test.each(['PUT', 'GET', 'DELETE'])('that breaks off, or has too much to do, is asked again: %s', async (method) => {
    let left = 3
    await using s3 = await world({
      instead: (request, response) => {
        if (request.method !== method || request.url?.includes('list-type') || left === 0) return false
        left -= 1
        if (left === 2) return refuse(response, 503, 'SlowDown', 'Please reduce your request rate.')
        if (left === 1) request.socket.destroy()
        else {
          response.writeHead(200, { 'content-length': '1000' })
          response.write('half of it', () => request.socket.destroy())
        }
        return true
      },
    })
    // Who has never answered is given up sooner.
    await s3.backend.names('pack')
    await s3.backend.put('pack', NAME, [noise(1, MiB)])
    expect((await s3.backend.read('pack', NAME)).equals(noise(1, MiB))).toBe(true)
    await s3.backend.remove('pack', NAME)
    expect(await s3.backend.names('pack')).toEqual([])
    expect(left).toBe(0)
  })

  test('is told of with its status, code and words where it refuses, and not asked again', async () => {
    await using s3 = await world()
    const tell = async (more: Partial<S3Server['bucket']>): Promise<unknown> => {
      const backend = await backendAt(s3.addressOf(more))
      return await backend.list('pack').catch(({ code, message }: VaultError) => `${code}: ${message}`)
    }
    expect(await tell({ secretAccessKey: new Secret('wrong') })).toMatch(
      /^VAULT_STORAGE_REFUSED: s3:\/\/backups refused: GET backups: 403 SignatureDoesNotMatch The request signature we calculated does not match/,
    )
    expect(await tell({ accessKeyId: new Secret('nobody') })).toMatch(
      /refused: GET backups: 403 InvalidAccessKeyId The AWS Access Key Id/,
    )
    expect(await tell({ bucket: 'elsewhere' })).toBe(
      'VAULT_STORAGE_REFUSED: s3://elsewhere refused: GET elsewhere: 404 NoSuchBucket The specified bucket does not exist',
    )
    expect(s3.server.requests).toHaveLength(3)
  })

  test('that nobody vouches for is not talked to; one of an authority that is named is', async () => {
    await using folder = await createFolder()
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'holdfast test' }], {
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
    })
    await writeFile(folder.file('ca.pem'), cert)
    await using s3 = await world({ tls: { key, cert } })
    await expect(s3.backend.names('key')).rejects.toMatchObject({
      code: 'VAULT_STORAGE_LOST',
      message: expect.stringContaining('self-signed certificate'),
    })
    const trusting = await backendAt(s3.addressOf({ caFile: folder.file('ca.pem') }))
    expect(await trusting.names('key')).toEqual([])
    await trusting.close?.()
  })

  test('that has the file already keeps it; a second config is none of ours', async () => {
    await using s3 = await world({
      instead: (request, response) =>
        request.headers['if-none-match'] === '*' &&
        refuse(response, 412, 'PreconditionFailed', 'At least one of the conditions failed'),
    })
    await s3.backend.put('pack', NAME, [Buffer.from('theirs')])
    expect(await s3.backend.names('pack')).toEqual([])
    await expect(s3.backend.put('config', 'config', [Buffer.from('mine')])).rejects.toMatchObject({ code: 'VAULT_EXISTS' })
  })

  test('that knows no conditions is asked without them', async () => {
    await using s3 = await world({
      instead: (request, response) =>
        request.headers['if-none-match'] === '*' &&
        refuse(response, 501, 'NotImplemented', 'A header you provided implies functionality'),
    })
    await s3.backend.put('pack', NAME, [Buffer.from('once')])
    await s3.backend.put('pack', OTHER, [Buffer.from('again')])
    expect((await s3.backend.names('pack')).toSorted()).toEqual([NAME, OTHER])
    expect(s3.server.requests.filter(({ method }) => method === 'PUT')).toHaveLength(3)
  })

  test('that keeps what is locked: all but locks is put so, and forget and prune go on past what stays', async () => {
    await using folder = await createFolder()
    let isLocked = false
    await using s3 = await world({
      instead: (request, response) =>
        isLocked &&
        request.method === 'DELETE' &&
        !request.url?.includes('/locks/') &&
        refuse(response, 403, 'AccessDenied', 'Access Denied because object protected by object lock.'),
    })
    const place: BackendAddress = { ...s3.addressOf(), lock: { mode: 'governance', days: 30 } }
    await initVault(place, PASSWORD, { keyCost: 1024 })
    await using vault = await openVault(place, PASSWORD, { threads: 0, geometry: SMALL })
    const first = await backUp(vault, 'run-1', await writeDisk(folder.file('disk'), noise(1, 2 * MiB)), 2 * MiB)
    const content = noise(2, 2 * MiB)
    const second = await backUp(vault, 'run-2', await writeDisk(folder.file('disk'), content), 2 * MiB)
    for (const { method, url, headers } of s3.server.requests) {
      if (method !== 'PUT') continue
      const mode = url?.includes('/locks/') ? undefined : 'GOVERNANCE'
      expect([url, headers['x-amz-object-lock-mode']]).toEqual([url, mode])
      if (mode)
        expect(Date.parse(String(headers['x-amz-object-lock-retain-until-date']))).toBeGreaterThan(Date.now() + 29 * 86_400_000)
    }

    isLocked = true
    const refusedForget = await vault.forget({ pointIds: [first.id], dryRun: false })
    expect(refusedForget.removed).toEqual([])
    expect(refusedForget.refused).toMatchObject([
      { point: { id: first.id }, reason: expect.stringContaining('protected by object lock') },
    ])
    isLocked = false
    expect((await vault.forget({ pointIds: [first.id], dryRun: false })).removed).toHaveLength(1)

    isLocked = true
    const held = await vault.prune({ maxUnused: 0, dryRun: false })
    expect(held.refused.length).toBeGreaterThan(0)
    expect(held.refused[0]?.error).toBeInstanceOf(VaultError)
    expect(held).toMatchObject({ packsDeleted: 0, freedBytes: 0 })
    expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
    isLocked = false
    const pruned = await vault.prune({ maxUnused: 0, dryRun: false })
    expect(pruned.refused).toEqual([])
    expect(pruned.freedBytes).toBeGreaterThan(2 * MiB)
    expect((await readBack(vault, second.id)).equals(content)).toBe(true)
    expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
  })
})
