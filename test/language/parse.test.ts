import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseRunbook, type Runbook, readYaml, runbookSchema, type Step, toJson } from '../../src/language/index.ts'
import { isObject, type Json, validator } from '../../src/values/index.ts'

const CASES = join(import.meta.dirname, '../cases/runbooks')
const SHIPPED = join(import.meta.dirname, '../../runbooks')

const head = 'runbook: 1\nname: lab/try\nversion: 1.0.0\n'

function parsed(text: string): Runbook {
  const { runbook, diagnostics } = parseRunbook(text, 'a.yaml')
  expect(diagnostics).toEqual([])
  if (!runbook) throw new Error('no runbook')
  return runbook
}

const stepOf = (yaml: string): Step => {
  const [step] = parsed(`${head}steps:\n  - id: it\n${yaml.replace(/^/gm, '    ')}\n`).steps
  if (!step) throw new Error('no step')
  return step
}

describe('what a step leaves out has a default', () => {
  test('uses', () => {
    expect(stepOf('uses: core/assert\nretry: { attempts: 3 }')).toMatchObject({
      kind: 'uses',
      id: 'it',
      action: 'core/assert',
      with: { kind: 'map', entries: [] },
      retry: { attempts: 3, delayMs: 1000, factor: 2, maxDelayMs: 30_000 },
    })
  })

  test('scope', () => {
    expect(stepOf('scope: { steps: [] }')).toMatchObject({
      kind: 'scope',
      onDirtyClose: { kind: 'literal', value: 'fail' },
      body: { steps: [], yield: [] },
    })
  })

  test('foreach', () => {
    expect(stepOf("foreach: { in: '${ [] }', as: x, key: '${ x }', steps: [] }")).toMatchObject({
      kind: 'foreach',
      as: 'x',
      onError: 'fail',
    })
  })
})

test('durations are milliseconds, and templates keep their expressions', () => {
  const step = stepOf(
    "if: ${ true }\nuses: core/assert\nwith: { that: '${ 1 = 1 }', message: [plain, 2, null] }\ntimeout: 1h30m\nstall: 500ms",
  )
  expect(step).toMatchObject({
    if: { kind: 'expression', source: 'true' },
    timeoutMs: 5_400_000,
    stallMs: 500,
    with: {
      entries: [
        { name: 'that', value: { kind: 'expression', source: '1 = 1' } },
        { name: 'message', value: { kind: 'list', items: [{ value: 'plain' }, { value: 2 }, { value: null }] } },
      ],
    },
  })
})

test('switch cases are words, also where YAML would read a number or a truth value', () => {
  const step = stepOf('switch:\n  on: ${ "1" }\n  cases:\n    1: { steps: [] }\n    true: { steps: [] }\n    on: { steps: [] }')
  expect(step.kind === 'switch' && step.cases.map(({ value }) => value)).toEqual(['1', 'true', 'on'])
})

test('a runbook with an error is a draft and no runbook', () => {
  const { runbook, draft } = parseRunbook(
    `${head}steps:\n  - id: a\n    wait: { for: 5 }\n  - id: b\n    wait: { for: 5s }\n`,
    'a.yaml',
  )
  expect(runbook).toBeUndefined()
  expect(draft?.runbook.steps.map(({ id }) => id)).toEqual(['b'])
  expect([...(draft?.broken.keys() ?? [])]).toEqual(['a'])
})

test('use and targets are taken apart', () => {
  const { uses, targets } = parsed(`${head}use:\n  scp: sangfor-scp@>=1.2.0 <2\ntargets: { cloud: scp/Connection }\nsteps: []\n`)
  expect(uses).toMatchObject([{ alias: 'scp', pack: 'sangfor-scp', range: '>=1.2.0 <2' }])
  expect(targets).toMatchObject([{ name: 'cloud', alias: 'scp', connection: 'Connection' }])
})

describe('runbooks of other platforms, whose packs are not at hand, can be read', () => {
  const folder = join(import.meta.dirname, 'examples')
  test.each(readdirSync(folder))('%s', (name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    const { root } = readYaml(text, name)
    expect(root && validator(runbookSchema).problems(toJson(root))).toEqual([])
    expect(parsed(text).steps.length).toBeGreaterThan(1)
  })
})

describe('the JSON Schema for editors', () => {
  const texts = [
    ...readdirSync(CASES).map((name): [string, string] => [name, readFileSync(join(CASES, name, 'runbook.yaml'), 'utf8')]),
    ...readdirSync(SHIPPED, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.runbook.yaml'))
      .map((name): [string, string] => [name, readFileSync(join(SHIPPED, name), 'utf8')]),
  ]

  test('takes every document whose structure the parser takes', () => {
    for (const [name, text] of texts) {
      const { root } = readYaml(text, name)
      if (!root || !parseRunbook(text, name).runbook) continue
      expect(validator(runbookSchema).problems(toJson(root)), name).toEqual([])
    }
  })

  // What a pattern cannot tell: what is inside an expression, and what depends on more than one place.
  const BEYOND =
    /^(EXPRESSION|FUNCTION|LAMBDA|REGEX|YAML|KEY_DUPLICATE|KEY_NOT_TEXT|NUMBER|POLL|ALIAS|NAME_RESERVED|INPUTS_|DOCUMENT)/

  test('refuses what the parser refuses for its structure', () => {
    let refused = 0
    for (const [name, text] of texts) {
      const { root } = readYaml(text, name)
      const found = parseRunbook(text, name).diagnostics.filter(({ code }) => !BEYOND.test(code))
      if (!root || found.length === 0) continue
      expect(validator(runbookSchema).problems(toJson(root)).length, `${name}: ${found[0]?.code}`).toBeGreaterThan(0)
      refused += 1
    }
    expect(refused).toBeGreaterThan(15)
  })

  test('describes every key', () => {
    const visit = (schema: Json, path: string): void => {
      if (Array.isArray(schema)) for (const [index, each] of schema.entries()) visit(each, `${path}/${index}`)
      if (!isObject(schema)) return
      if (isObject(schema.properties) && schema.additionalProperties === false) {
        for (const [name, property] of Object.entries(schema.properties)) {
          expect(isObject(property) && property.description, `${path}/${name}`).toMatch(/\w.*\.$/s)
        }
      }
      for (const [name, inner] of Object.entries(schema)) visit(inner, `${path}/${name}`)
    }
    visit(runbookSchema, '')
  })
})
