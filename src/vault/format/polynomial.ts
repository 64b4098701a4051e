// The random irreducible polynomial that restic cuts files by. Holdfast cuts at fixed offsets and only has to leave a valid one in the config.
// Source: restic doc/design.rst, "Repository Format"; M. O. Rabin, "Probabilistic algorithms in finite fields".
import { randomBytes } from 'node:crypto'

const DEGREE = 53

/** Irreducible over GF(2), of degree 53; bit i is the coefficient of x^i. */
export function randomPolynomial(): bigint {
  for (;;) {
    const bits = randomBytes(8).readBigUInt64BE() & ((1n << BigInt(DEGREE)) - 1n)
    const candidate = bits | (1n << BigInt(DEGREE)) | 1n
    if (isIrreducible(candidate)) return candidate
  }
}

/** Rabin's test; as 53 is prime it asks only for no root in GF(2) and x^(2^53) ≡ x. */
export function isIrreducible(polynomial: bigint): boolean {
  const hasRoot = (polynomial & 1n) === 0n || countBits(polynomial) % 2 === 0
  if (hasRoot) return false
  let power = 2n
  for (let i = 0; i < DEGREE; i += 1) power = squareModulo(power, polynomial)
  return power === 2n
}

function squareModulo(value: bigint, modulus: bigint): bigint {
  let square = 0n
  for (let i = 0n; value >> i; i += 1n) if ((value >> i) & 1n) square |= 1n << (2n * i)
  for (let bit = 2 * DEGREE; bit >= DEGREE; bit -= 1) {
    if ((square >> BigInt(bit)) & 1n) square ^= modulus << BigInt(bit - DEGREE)
  }
  return square
}

const countBits = (value: bigint): number => value.toString(2).replaceAll('0', '').length
