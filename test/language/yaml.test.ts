import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { closestNode, readYaml, toJson, type YamlNode } from '../../src/language/index.ts'

const FILE = 'a.yaml'

function read(text: string): YamlNode {
  const { root, diagnostics } = readYaml(text, FILE)
  expect(diagnostics).toEqual([])
  if (!root) throw new Error('nothing was read')
  return root
}

const DOCUMENT = `# a comment
title: Two words   # another
count: 12
ratio: 1.5
on: yes
flag: true
none: ~
empty:
list:
  - one
  - { two: 2, three: [3, "4"] }
  -
folded: >-
  a b
  c
1: numeric key
"quoted key": 'it''s'
`

test('a document becomes plain data', () => {
  expect(toJson(read(DOCUMENT))).toEqual(parse(DOCUMENT))
})

test('each node knows where it stands', () => {
  const at = (...path: string[]): string => {
    const { start, end } = closestNode(read(DOCUMENT), path).span
    return DOCUMENT.slice(start, end)
  }
  expect(at('title')).toBe('Two words')
  expect(at('list', '1', 'three', '1')).toBe('"4"')
  expect(at('list', '1')).toBe('{ two: 2, three: [3, "4"] }')
  expect(at('quoted key')).toBe("'it''s'")
  expect(at('folded')).toBe('>-\n  a b\n  c\n')
})

test('a path that leads nowhere ends at the closest node', () => {
  const root = read(DOCUMENT)
  expect(closestNode(root, ['list', '1', 'four', 'deep'])).toBe(closestNode(root, ['list', '1']))
  expect(closestNode(root, ['title', 'x'])).toBe(closestNode(root, ['title']))
  expect(closestNode(root, ['list', '9'])).toBe(closestNode(root, ['list']))
  expect(closestNode(root, [])).toBe(root)
})

test('keys know where they stand', () => {
  const root = read('a: 1\n"b c": 2\n')
  const keys = root.kind === 'map' ? root.entries.map(({ keySpan }) => [keySpan.start, keySpan.end]) : []
  expect(keys).toEqual([
    [0, 1],
    [5, 10],
  ])
})

test('a byte order mark moves nothing', () => {
  const text = '\ufeffa: bc\n'
  const { start, end } = closestNode(read(text), ['a']).span
  expect(text.slice(start, end)).toBe('bc')
})

describe('P12: what is not plain data is refused with its place', () => {
  test.each([
    ['a: &x 1\nb: *x\n', ['YAML_ALIAS', 'YAML_ALIAS']],
    ['a: 1\na: 2\n', ['KEY_DUPLICATE']],
    ['1: a\n"1": b\n', ['KEY_DUPLICATE']],
    ['? {a: b}\n: c\n', ['KEY_NOT_TEXT']],
    ['a: .nan\nb: .inf\nc: 9007199254740993\n', ['NUMBER_INEXACT', 'NUMBER_INEXACT', 'NUMBER_INEXACT']],
    ['a: !mine 5\n', ['YAML_INVALID']],
    ['a: !!binary aGk=\n', ['YAML_INVALID']],
    ['a: 1\n--- \nb: 2\n', ['YAML_INVALID']],
    ['a: [1, 2\nb: 3\n', ['YAML_INVALID']],
    ['a:\n\t- b\n', ['YAML_INVALID']],
    [`a: ${'['.repeat(9000)}`, ['YAML_TOO_DEEP']],
    ['a: "\\q"\n', ['YAML_INVALID']],
  ])('%j', (text, codes) => {
    const { diagnostics } = readYaml(text, FILE)
    expect(diagnostics.map(({ code }) => code)).toEqual(codes)
    for (const { span } of diagnostics) {
      expect(span?.file).toBe(FILE)
      expect(span?.end).toBeLessThanOrEqual(text.length)
    }
  })

  test.each(['', '# only a comment\n', '---\n', '~'])('nothing is read from %j, and that is no error of YAML', (text) => {
    expect(readYaml(text, FILE)).toEqual({ root: undefined, diagnostics: [] })
  })
})

test('a key named __proto__ is a key', () => {
  const value = toJson(read('__proto__: { polluted: true }\n'))
  expect(Object.keys(value as object)).toEqual(['__proto__'])
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
})
