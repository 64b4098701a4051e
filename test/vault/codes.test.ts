import { expect, test } from 'vitest'
import { writeFailed } from '../../src/vault/codes.ts'

test('a write that failed is told once, however many hands it passes through', () => {
  const first = writeFailed(new Error('ENOSPC: no space left on device'))
  expect(writeFailed(first)).toBe(first)
  expect(first).toMatchObject({
    code: 'VAULT_WRITE_FAILED',
    message: 'writing to the vault failed: ENOSPC: no space left on device',
  })
})
