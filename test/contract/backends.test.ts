import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest'
import { createFolders, localBackend } from '../../src/vault/backends/local.ts'
import { backendAt } from '../../src/vault/backends/open.ts'
import { memoryBackend } from '../../src/vault/index.ts'
import { peer } from '../peers/peer.ts'
import { type S3Server, startS3 } from '../s3/server.ts'
import { type Sshd, startSshd } from '../ssh/sshd.ts'
import { backendContract } from './backend.contract.ts'

describe('the in-memory backend', () => {
  backendContract(async () => ({ backend: memoryBackend(), async [Symbol.asyncDispose]() {} }))
})

describe('a local folder', () => {
  backendContract(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-backend-'))
    await createFolders(directory)
    return { backend: localBackend(directory), [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) }
  })
})

describe.skipIf(!peer('sshd', 'openssh-server')).each([
  ['an SFTP server', ''],
  ['an SFTP server that has nothing beyond the draft', '-P posix-rename,fsync,limits'],
])('%s', (_, sftpOptions) => {
  let sshd: Sshd
  beforeAll(async () => {
    sshd = await startSshd({ sftpOptions })
  })
  afterAll(() => sshd[Symbol.asyncDispose]())

  backendContract(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-backend-'))
    const backend = await backendAt({ kind: 'sftp', host: sshd.host, directory: join(directory, 'vault') })
    return {
      backend,
      async [Symbol.asyncDispose]() {
        await backend.close?.()
        await rm(directory, { recursive: true, force: true })
      },
    }
  })
})

describe.each([
  ['a bucket of an S3 server', ''],
  ['a prefix in a bucket', 'below/vault'],
])('%s', (_, prefix) => {
  let server: S3Server
  beforeEach(async () => {
    server = await startS3()
  })
  afterEach(() => server[Symbol.asyncDispose]())

  backendContract(async () => {
    const backend = await backendAt({ kind: 's3', ...server.bucket, prefix })
    return { backend, [Symbol.asyncDispose]: async () => backend.close?.() }
  })
})
