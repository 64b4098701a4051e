import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { memoryBackend } from '../../src/vault/index.ts'
import { createFolders, localBackend } from '../../src/vault/local-backend.ts'
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
