import fc from 'fast-check'
import { expect, test } from 'vitest'
import { position } from '../../src/diagnostics/index.ts'

test.each([
  ['', 0, 1, 1],
  ['abc', 2, 1, 3],
  ['a\nb', 2, 2, 1],
  ['a\r\nb', 3, 2, 1],
  ['a\n\nb', 2, 2, 1],
  ['abc', 99, 1, 4],
])('in %j offset %d is %d:%d', (text, offset, line, column) => expect(position(text, offset)).toEqual({ line, column }))

test('counting lines and columns leads back to the offset', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '\n', '\r\n', '备', '🚀') }), fc.nat(40), (text, wanted) => {
      const offset = Math.min(wanted, text.length)
      const { line, column } = position(text, offset)
      const start =
        text
          .split('\n')
          .slice(0, line - 1)
          .join('\n').length + (line > 1 ? 1 : 0)
      expect(start + column - 1).toBe(offset)
    }),
  )
})
