import { expect, test } from 'vitest'
import { SEAL_BYTES, seal, unseal } from '../../src/vault/format/crypto.ts'
import { isIrreducible, randomPolynomial } from '../../src/vault/format/polynomial.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

test('authenticates as Poly1305-AES does in the example of its paper (appendix B)', () => {
  const key = {
    encrypt: Buffer.alloc(32, 7),
    macK: hex('ec074c835580741701425b623235add6'),
    macR: hex('851fc40c3467ac0be05cc20404f3f700'),
  }
  const sealed = Buffer.concat([hex('fb447350c4e868c52ac3275cf9d4327e'), hex('f3f6'), hex('f4c633c3044fc145f84f335cb81953de')])
  expect(unseal(key, sealed)).toHaveLength(2)
})

test('unseals what it sealed and notices a change of any byte', () => {
  const key = { encrypt: Buffer.alloc(32, 1), macK: Buffer.alloc(16, 2), macR: Buffer.alloc(16, 3) }
  const sealed = Buffer.concat(seal(key, Buffer.from('frozen')))
  expect(sealed).toHaveLength(6 + SEAL_BYTES)
  expect(unseal(key, sealed)?.toString()).toBe('frozen')
  for (const at of sealed.keys()) {
    const changed = Buffer.from(sealed)
    changed[at] = (changed[at] ?? 0) ^ 1
    expect(unseal(key, changed)).toBeUndefined()
  }
  expect(unseal(key, sealed.subarray(0, SEAL_BYTES - 1))).toBeUndefined()
})

test('chooses polynomials that are irreducible, and knows which are not', () => {
  // The one in restic's design document.
  expect(isIrreducible(0x25b468838dcb75n)).toBe(true)
  // A multiple of x + 1, and one of x.
  expect(isIrreducible(0x25b468838dcb74n)).toBe(false)
  expect(isIrreducible((0x3n ** 2n) << 45n)).toBe(false)
  const chosen = randomPolynomial()
  expect(chosen >> 53n).toBe(1n)
  expect(isIrreducible(chosen)).toBe(true)
})
