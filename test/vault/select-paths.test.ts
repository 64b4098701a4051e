import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { selectPaths } from '../../src/vault/files/select-paths.ts'

describe('a path', () => {
  test.each([
    ['a/b', 'a/b', 'yes'],
    ['/a/b/', 'a/b', 'yes'],
    ['a/b', 'a/b/c/d', 'yes'],
    ['a/b', 'a', 'on the way'],
    ['a/b', 'a/c', 'no'],
    ['a/b', 'a/bc', 'no'],
    ['/', 'a', 'yes'],
    ['../a', 'a', 'no'],
    ['etc/*.conf', 'etc', 'on the way'],
    ['etc/*.conf', 'etc/a.conf', 'yes'],
    ['etc/*.conf', 'etc/.conf', 'yes'],
    ['etc/*.conf', 'etc/a/b.conf', 'no'],
    ['etc/*.conf', 'etc/a.conf.d', 'no'],
    ['*', '.hidden', 'yes'],
    ['a*b*c', 'axxbybc', 'yes'],
    ['a*b*c', 'axxbyb', 'no'],
    ['a?c', 'aüc', 'yes'],
    ['a?c', 'a𝄞c', 'yes'],
    ['a?c', 'ac', 'no'],
    ['[a-c]x', 'bx', 'yes'],
    ['[a-c]x', 'dx', 'no'],
    ['[!a-c]x', 'dx', 'yes'],
    ['[!a-c]x', 'ax', 'no'],
    ['[]]x', ']x', 'yes'],
    ['[*]', '*', 'yes'],
    ['[*]', 'a', 'no'],
    ['[ab', '[ab', 'yes'],
    ['a[1]', 'a[1]', 'yes'],
    ['a[1]', 'a1', 'yes'],
    ['a\\*', 'a\\b', 'yes'],
    ['**/x', 'x', 'yes'],
    ['**/x', 'a/b/x/y', 'yes'],
    ['**/x', 'a/b', 'on the way'],
    ['a/**/x', 'a/x', 'yes'],
    ['a/**/x', 'b/x', 'no'],
    ['a/**', 'a/b', 'yes'],
    ['a/**', 'a', 'on the way'],
    ['**/**/x/**/**/y', 'x/a/y', 'yes'],
  ])('%s of %s: %s', (written, path, meant) => {
    expect(selectPaths(written)(path)).toBe(meant)
  })

  const names = fc.array(fc.string({ unit: fc.constantFrom(...'ab*?[]!-ü'), minLength: 1, maxLength: 5 }), {
    minLength: 1,
    maxLength: 4,
  })

  test('is always meant by itself, and so is all below it', () => {
    fc.assert(
      fc.property(names, names, (path, below) => {
        expect(selectPaths(path.join('/'))(path.join('/'))).toBe('yes')
        expect(selectPaths(path.join('/'))([...path, ...below].join('/'))).toBe('yes')
      }),
    )
  })

  test('is on the way wherever something below it is meant', () => {
    fc.assert(
      fc.property(names, names, (written, path) => {
        const of = selectPaths(written.join('/'))
        if (of(path.join('/')) !== 'no')
          for (let depth = 1; depth < path.length; depth += 1) expect(of(path.slice(0, depth).join('/'))).not.toBe('no')
      }),
    )
  })

  test('that was made to cost time costs none', () => {
    const stars = `${'*a'.repeat(60)}b`
    expect(selectPaths(stars)('a'.repeat(5000))).toBe('no')
  })
})
