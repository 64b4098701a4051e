import fc from 'fast-check'
import jsonata from 'jsonata'
import { describe, expect, test, vi } from 'vitest'
import { repeatsInRepetition } from '../../src/language/expressions/regex.ts'
import {
  ExpressionFailed,
  type ExpressionTemplate,
  evaluateTemplate,
  readYaml,
  references,
  type Template,
  templateOf,
} from '../../src/language/index.ts'
import { type Json, unknown } from '../../src/values/index.ts'

const expression = (source: string): ExpressionTemplate => ({
  kind: 'expression',
  source,
  span: { file: 'a.yaml', start: 10, end: 10 + source.length },
  offsets: Array.from(source, (_, index) => 10 + index),
})
const evaluate = (source: string, roots: Record<string, unknown> = {}) => evaluateTemplate(expression(source), roots)

function templateIn(text: string): Template {
  const { root } = readYaml(text, 'a.yaml')
  if (!root) throw new Error('nothing was read')
  return templateOf(root)
}

const roots = {
  inputs: {
    vm: 'erp',
    count: 3,
    none: null,
    list: [
      { id: 'a', size: 1 },
      { id: 'b', size: 2 },
    ],
    one: [{ id: 'a' }],
    empty: [],
  },
  steps: { snap: { handle: { id: 's1' } } },
}

describe('an expression yields plain JSON', () => {
  test.each<[string, Json | undefined]>([
    ['inputs.vm', 'erp'],
    ['"rb-" & inputs.vm', 'rb-erp'],
    ['inputs.count = 3 and $not(false)', true],
    ['steps.snap.handle', { id: 's1' }],
    ['inputs.missing', undefined],
    ['inputs.none', null],
    ['inputs.none.deeper', undefined],
    ['inputs.vm.length', undefined],
    ['inputs.missing ?? "default"', 'default'],
    ['inputs.list.id', ['a', 'b']],
    ['inputs.one.id', 'a'],
    ['inputs.one', [{ id: 'a' }]],
    ['inputs.empty', []],
    ['inputs.list[size > 1].id', 'b'],
    ['inputs.list[size > 5]', undefined],
    ['$map(inputs.list, function($each) { $each.id & inputs.vm })', ['aerp', 'berp']],
    ['{"ids": inputs.list.id, "none": inputs.missing}', { ids: ['a', 'b'] }],
    ['[inputs.list.id]', ['a', 'b']],
    ['[1..3]', [1, 2, 3]],
    ['inputs.list^(>size).id', ['b', 'a']],
  ])('%s', async (source, value) => {
    const said = await evaluate(source, roots)
    expect(said).toEqual(value)
    if (Array.isArray(said)) expect(Object.keys(said)).toEqual(Object.keys([...said]))
  })

  test('inherited properties are none', async () => {
    expect(await evaluate('inputs.constructor', roots)).toBeUndefined()
    expect(await evaluate('inputs.__proto__', roots)).toBeUndefined()
  })

  test.each([
    '$sum',
    'function($x) { $x }',
    '1/0',
    '$number("x")',
    '$error("no")',
    'inputs.vm + 1',
    '$uppercase(5)',
    '(',
    '$nothing()',
  ])('%s fails, and says where', async (source) => {
    const failure = await evaluate(source, roots).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ExpressionFailed)
    const { message, span } = failure as ExpressionFailed
    expect(message).not.toBe('')
    expect(span.start).toBeGreaterThanOrEqual(10)
    expect(span.end).toBeLessThanOrEqual(10 + source.length)
  })

  test('the roots are left as they were', async () => {
    const before = JSON.stringify(roots)
    await evaluate('inputs.list.id ~> $append("c") ~> $reverse', roots)
    await evaluate('inputs.list^(>size)', roots)
    await evaluate('inputs ~> |list|{"size": 9}|', roots)
    expect(JSON.stringify(roots)).toBe(before)
    expect(Object.keys(roots.inputs.list)).toEqual(['0', '1'])
  })

  test('the same source is evaluated at the same time for different roots without mixing', async () => {
    const all = await Promise.all(
      Array.from({ length: 200 }, (_, n) => evaluate('$string(inputs.n) & "-" & $string(inputs.n)', { inputs: { n } })),
    )
    expect(all).toEqual(Array.from({ length: 200 }, (_, n) => `${n}-${n}`))
  })
})

describe('unknown values', () => {
  const some = { inputs: { vm: 'erp' }, steps: { a: unknown('steps.a'), b: { id: unknown('steps.b.id'), name: 'b' } } }

  test.each<[string, Json]>([
    ['steps.a', { $unknown: 'steps.a' }],
    ['steps.a.handle.id', { $unknown: 'steps.a.handle.id' }],
    ['steps.a.id & "x"', { $unknown: 'steps.a.id' }],
    ['steps.b', { id: { $unknown: 'steps.b.id' }, name: 'b' }],
    ['steps.b.name & inputs.vm', 'berp'],
    ['$count(steps.b)', { $unknown: '$count(steps.b)' }],
    ['inputs.vm = "erp" ? steps.b.id : 1', { $unknown: 'steps.b.id' }],
  ])('%s', async (source, value) => expect(await evaluate(source, some)).toEqual(value))
})

describe('an evaluation is bounded', () => {
  test.each([
    '($f := function($n) { $f($n + 1) + 1 }; $f(0))',
    '($f := function($n) { $f($n + 1) }; $f(0))',
    '[1..10000000]',
    '$reduce([1..1000000], function($sum, $n) { $sum + $sum[$n] + $count([1..1000]) })',
    '($list := [1..1000000]; $map([1..200], function($n) { $count($list) }))',
  ])('%s', { timeout: 15_000 }, async (source) => {
    await expect(evaluate(source)).rejects.toBeInstanceOf(ExpressionFailed)
  })

  test('by what it does, not by how long that takes', async () => {
    const busy = vi.spyOn(Date, 'now').mockImplementation(
      (() => {
        let now = 0
        return () => (now += 100)
      })(),
    )
    try {
      expect(await evaluate('$sum([1..300].($ + 1))')).toBe(45_450)
    } finally {
      busy.mockRestore()
    }
  })

  test('$distinct takes a list of any length, and answers what JSONata does', async () => {
    expect(await evaluate('$count($distinct([1..200000]))')).toBe(200_000)
    const value = fc.jsonValue({ maxDepth: 2 })
    await fc.assert(
      fc.asyncProperty(fc.array(value, { maxLength: 8 }), async (list) => {
        expect(await evaluate('$distinct(inputs)', { inputs: [...list, ...list] })).toEqual(
          (await jsonata('$distinct(inputs)').evaluate({ inputs: [...list, ...list] })) ?? undefined,
        )
      }),
      { numRuns: 100 },
    )
  })

  test.each(['$now()', '$millis()', '$random()', '$eval("1")', '$shuffle([1, 2])', '$map([1], $random)'])(
    '%s is out of reach',
    async (source) => {
      await expect(evaluate(source)).rejects.toBeInstanceOf(ExpressionFailed)
    },
  )

  test('any expression ends, in a value or in ExpressionFailed', async () => {
    const atom = fc.constantFrom('inputs', 'steps.a', '1', '"x"', '$', '$$', '[]', '{}', 'null', '$sum', '%', '*', '**')
    const source = fc.letrec<{ tree: string; leaf: string }>((tie) => ({
      leaf: atom,
      tree: fc.oneof(
        { maxDepth: 4 },
        tie('leaf'),
        fc
          .tuple(tie('tree'), fc.constantFrom('+', '&', '.', ' in ', '=', '~>', '..', '??', '?:', ' and '), tie('tree'))
          .map((parts) => parts.join('')),
        tie('tree').map((inner) => `(${inner})`),
        tie('tree').map((inner) => `$map(${inner}, function($v) { ${inner} })`),
        tie('tree').map((inner) => `${inner}[${inner}]`),
        tie('tree').map((inner) => `$string(${inner})`),
      ),
    })).tree
    await fc.assert(
      fc.asyncProperty(source, async (text) => {
        const said = await evaluate(text, { inputs: { a: [1, { b: 2 }] }, steps: { a: 'x' } }).catch((error: unknown) => error)
        if (said instanceof Error) expect(said, text).toBeInstanceOf(ExpressionFailed)
        else if (said !== undefined) expect(JSON.parse(JSON.stringify(said)), text).toEqual(said)
      }),
      { numRuns: 400 },
    )
  })
})

test('in a template what is absent is left out, and all else stays', async () => {
  const template = templateIn(
    'a: ${ inputs.missing }\nb: [1, "${ inputs.missing }", "${ inputs.vm }"]\nc: { d: "text", e: null }\n',
  )
  expect(await evaluateTemplate(template, roots)).toEqual({ b: [1, 'erp'], c: { d: 'text', e: null } })
})

describe('references', () => {
  const named = (source: string): readonly string[] =>
    references(expression(source)).map(({ root, path }) => [root, ...path].join('.'))

  test.each<[string, readonly string[]]>([
    ['steps.snap.handle', ['steps.snap.handle']],
    ['inputs.full ? "0" : steps.last.id ?? "0"', ['inputs.full', 'steps.last.id']],
    ['steps.group.servers[storageId = inputs.x].id', ['steps.group.servers.id']],
    ['steps.group.servers[storageId = $$.inputs.x].id', ['steps.group.servers.id', 'inputs.x']],
    ['$map(steps.a.b, function($v) { $v.id & inputs.x })', ['steps.a.b', 'inputs.x']],
    ['$.inputs.vm', ['inputs.vm']],
    ['(steps.a).b', ['steps.a']],
    ['steps.a.(b + c)', ['steps.a']],
    ['steps.`odd-name`.y', ['steps.odd-name.y']],
    ['{"a": inputs.b}', ['inputs.b']],
    ['steps.a{id: size}', ['steps.a']],
    ['steps.a^(size).id', ['steps.a']],
    ['steps.a@$x.b[$x.id = id]', ['steps.a']],
    ['steps.*.id', ['steps']],
    ['inputs ~> |list|{"size": n}|', ['inputs']],
    ['"steps.a"', []],
    ['[1, inputs.a, [steps.b.c]]', ['inputs.a', 'steps.b.c']],
    ['$count(', []],
  ])('%s', (source, found) => expect(named(source)).toEqual(found))

  test('each part knows its place in the file, in quotes and over lines', () => {
    const text = "a: '${ \"it''s \" & steps.snap.handle }'\nb: >-\n  ${ inputs.one\n     & inputs.two }\n"
    const found = references(templateIn(text))
    expect(found.map(({ span }) => text.slice(span.start, span.end))).toEqual(['steps.snap.handle', 'inputs.one', 'inputs.two'])
    expect(found[0]?.partSpans.map(({ start, end }) => text.slice(start, end))).toEqual(['steps', 'snap', 'handle'])
  })
})

test.each<[string, boolean]>([
  ['^[a-z]+-[0-9]{4}$', false],
  ['(a|b)+c*', false],
  ['(?:ab){2}c+', false],
  ['[(a+)+]', false],
  ['\\(a+\\)+', false],
  ['(a+)+', true],
  ['((a)*b)*', true],
  ['(?:x|y*){2,}', true],
  ['((a+)){3}', false],
])('the regular expression %s repeats inside a repetition: %s', (source, unsafe) => {
  expect(repeatsInRepetition(source)).toBe(unsafe)
})
