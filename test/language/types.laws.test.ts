// The law of the inference: whatever the values and whatever the expression, the value it yields is of the type inferred from a
// schema that all the values share. Properties come and go between the values, so that presence is put to the test too.
import fc from 'fast-check'
import jsonata from 'jsonata'
import { describe, expect, test } from 'vitest'
import { compile } from '../../src/language/expressions/compile.ts'
import { fromSchema } from '../../src/language/types/from-schema.ts'
import { inferSource, inferTree } from '../../src/language/types/infer.ts'
import type { Finding } from '../../src/language/types/scope.ts'
import type { Json } from '../../src/values/index.ts'
import { conforms, schemaOf } from './conforms.ts'

const NAMES = ['a', 'b', 'c', 'd'] as const
const name = fc.constantFrom(...NAMES)

/** Few names and small values, so that paths hit something. */
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom<Json>(0, 1, 2.5, '', 'x', 'y', true, false, null),
    fc.dictionary(name, tie('value'), { maxKeys: 4 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.dictionary(name, tie('value'), { minKeys: 1, maxKeys: 3 }), { maxLength: 3 }),
  ),
}))
const documents = fc.array(fc.dictionary(name, value, { minKeys: 1, maxKeys: 4 }), { minLength: 1, maxLength: 4 })

const literal = fc.constantFrom('0', '1', '-1', '"x"', '""', 'true', 'false', 'null', '[]', '{}', '[1, 2]')

const { expression } = fc.letrec<{ expression: string; path: string }>((tie) => {
  const inner = tie('expression')
  const step = fc.oneof(
    { weight: 6, arbitrary: name },
    { weight: 1, arbitrary: fc.constantFrom('*', '**', '$') },
    { weight: 1, arbitrary: inner.map((text) => `(${text})`) },
    { weight: 1, arbitrary: inner.map((text) => `[${text}]`) },
    { weight: 1, arbitrary: fc.tuple(name, inner).map(([key, text]) => `{"${key}": ${text}}`) },
  )
  const suffix = fc.oneof(
    { weight: 8, arbitrary: fc.constant('') },
    { weight: 2, arbitrary: fc.constantFrom('[0]', '[-1]', '[1]', '[]') },
    { weight: 2, arbitrary: inner.map((text) => `[${text}]`) },
    { weight: 1, arbitrary: name.map((key) => `^(${key})`) },
    { weight: 1, arbitrary: fc.constantFrom('#$i', '@$v') },
  )
  const start = fc.oneof({ weight: 6, arbitrary: name }, { weight: 1, arbitrary: fc.constantFrom('$', '$$', '$v', '$i') })
  const path = fc
    .tuple(start, suffix, fc.array(fc.tuple(step, suffix), { maxLength: 3 }))
    .map(([first, end, more]) => [`${first}${end}`, ...more.map(([text, behind]) => text + behind)].join('.'))
  return {
    path,
    expression: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'expression' },
      tie('path'),
      tie('path'),
      literal,
      fc
        .tuple(inner, fc.constantFrom('+', '*', '&', '=', '!=', '<', '>=', 'and', 'or', 'in', '..', '??', '?:'), inner)
        .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
      fc.tuple(inner, inner, inner).map(([condition, then, otherwise]) => `(${condition} ? ${then} : ${otherwise})`),
      fc.tuple(tie('path'), fc.nat(2), inner).map(([list, count, then]) => `($count(${list}) > ${count} ? ${list}[0] : ${then})`),
      fc
        .tuple(tie('path'), inner, inner)
        .map(([there, then, otherwise]) => `($exists(${there}) ? [${there}, ${then}] : ${otherwise})`),
      fc
        .tuple(tie('path'), tie('path'), inner)
        .map(([one, other, then]) => `($exists(${one}) or $exists(${other}) ? [${one} ?? ${other}] : ${then})`),
      fc.tuple(tie('path'), inner).map(([there, then]) => `($not(${there}) ? ${there} : ${then})`),
      fc.tuple(inner, inner).map(([bound, body]) => `($v := ${bound}; ${body})`),
      fc
        .tuple(
          fc.constantFrom(
            'count',
            'distinct',
            'keys',
            'spread',
            'reverse',
            'exists',
            'not',
            'string',
            'boolean',
            'type',
            'merge',
            'sum',
            'max',
          ),
          inner,
        )
        .map(([f, argument]) => `$${f}(${argument})`),
      fc.tuple(inner, inner).map(([first, second]) => `$append(${first}, ${second})`),
      fc.tuple(inner, inner).map(([first, second]) => `$zip(${first}, ${second})`),
      fc.tuple(inner, name).map(([first, key]) => `$lookup(${first}, "${key}")`),
      fc
        .tuple(fc.constantFrom('map', 'filter', 'single', 'each', 'sift'), inner, inner)
        .map(([f, list, body]) => `$${f}(${list}, function($v, $i) { ${body} })`),
      fc.tuple(inner, inner).map(([list, body]) => `$reduce(${list}, function($v, $i) { ${body} })`),
      fc.tuple(tie('path'), name, inner).map(([list, key, made]) => `${list}{${key}: ${made}}`),
    ),
  }
})

interface Outcome {
  readonly failed: boolean
  readonly value?: unknown
}

async function evaluated(source: string, input: Json): Promise<Outcome | undefined> {
  let compiled: ReturnType<typeof jsonata>
  try {
    compiled = jsonata(source, { timeout: 500, stack: 200, sequence: 10_000 })
  } catch {
    return undefined
  }
  try {
    return { failed: false, value: await compiled.evaluate(structuredClone(input)) }
  } catch {
    return { failed: true }
  }
}

const show = (of: unknown): string => JSON.stringify(of) ?? 'nothing'
const certain = ({ kind }: Finding): boolean => kind === 'mismatch'

describe('whatever the expression and the values', () => {
  test('what is yielded is of the inferred type', async () => {
    const tally = { values: 0, precise: 0 }
    await fc.assert(
      fc.asyncProperty(documents, expression, async (values, source) => {
        const root = fromSchema(schemaOf(values))
        const { type } = inferSource(source, { root })
        for (const each of values) {
          const outcome = await evaluated(source, each)
          if (!outcome || outcome.failed) continue
          tally.values += 1
          if (!type.any) tally.precise += 1
          expect(
            conforms(outcome.value, type),
            `${source} over ${show(each)} yields ${show(outcome.value)}, not ${show(type)}`,
          ).toBe(true)
        }
      }),
      { numRuns: Number(process.env.HOLDFAST_LAW_RUNS ?? 1500) },
    )
    console.log(`${tally.values} values of random expressions were of the inferred type, ${tally.precise} of a known one`)
  }, 120_000)

  test('two sides that are said to have nothing in common are never equal', async () => {
    const comparison = fc
      .tuple(expression, fc.constantFrom('=', 'in'), expression)
      .map(([left, operator, right]) => ({ source: `(${left}) ${operator} (${right})`, right }))
    let apart = 0
    await fc.assert(
      fc.asyncProperty(documents, comparison, async (values, { source }) => {
        const compilation = compile(source)
        if (!compilation.ok) return
        const { tree } = compilation.compiled
        const { findings } = inferTree(tree, { root: fromSchema(schemaOf(values)) })
        if (!findings.some((finding) => finding.kind === 'never' && (finding.node === tree.rhs || finding.node === tree.lhs)))
          return
        apart += 1
        for (const each of values) {
          const outcome = await evaluated(source, each)
          if (outcome && !outcome.failed) expect(outcome.value, `${source} over ${show(each)}`).toBe(false)
        }
      }),
      { numRuns: Number(process.env.HOLDFAST_LAW_RUNS ?? 1000) },
    )
    expect(apart).toBeGreaterThan(0)
  })

  test('an operand that is called wrong makes the expression fail, if it is evaluated at all', async () => {
    const operation = fc
      .tuple(expression, fc.constantFrom('+', '-', '*', '<', '>'), expression)
      .map(([left, operator, right]) => `${left} ${operator} ${right}`)
    await fc.assert(
      fc.asyncProperty(documents, operation, async (values, source) => {
        const { findings } = inferSource(source, { root: fromSchema(schemaOf(values)) })
        // Only what stands outermost is evaluated for certain.
        const outermost = /^[\w."]+ [-+*<>] [\w."]+$/.test(source)
        if (!outermost || !findings.some(certain)) return
        for (const each of values)
          expect((await evaluated(source, each))?.failed ?? true, `${source} over ${show(each)}`).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})
