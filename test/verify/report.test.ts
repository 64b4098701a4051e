// What people read: the verdict, a counterexample with its places, and the failure matrix.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseRunbook } from '../../src/language/index.ts'
import type { Catalogue } from '../../src/packs/index.ts'
import {
  failureTable,
  replay,
  reportAsText,
  storyAsText,
  tableAsMarkdown,
  tableAsText,
  verifyRunbook,
} from '../../src/verify/index.ts'
import { block, program } from '../kernel/build.ts'
import { honest, leased, subject } from './runbooks.ts'

const known = program(block([]))
const catalogue = {
  packs: {},
  actionsOf: () => Object.keys(known.actions),
  action: (name: string) => known.actions[name],
  resource: (name: string) => known.resources[name],
  connection: () => undefined,
  runbook: () => undefined,
  runbookNames: () => [],
} satisfies Catalogue

const TEXT = `runbook: 1
name: test/escape
version: 1.0.0
use:
  t: t@^1.0.0
steps:
  - id: inner
    scope:
      steps:
        - id: snap
          uses: t/snapshot.create
          with: { name: s }
      yield:
        handle: \${ steps.snap.handle }
  - id: late
    uses: t/session.create
    with:
      name: x
      snapshot: \${ steps.inner.handle }
`
const { runbook } = parseRunbook(TEXT, 'escape.runbook.yaml')
if (!runbook) throw new Error('the runbook does not parse')
const request = { runbook, catalogue, inputs: {}, targets: {}, items: 2, faults: 1, maxStates: 1000 }
const sources = new Map([['escape.runbook.yaml', TEXT]])

describe('a counterexample', () => {
  it('is a short story in the words of the runbook, each step with its place, and can be told again', async () => {
    const report = await verifyRunbook(request)
    expect(reportAsText(report, sources, 1)).toContain(`
P4: late can never work: inner/snap is not held any more
        0ms  the run starts
        0ms  inner/snap: t/snapshot.create succeeds  escape.runbook.yaml:10
        0ms  inner/snap: release by t/snapshot.delete succeeds  escape.runbook.yaml:10
  left: nothing
  again: --replay `)
    const [story] = report.stories
    const again = await replay(request, story?.replay ?? '')
    expect(again && storyAsText(again, sources)).toContain('P4: late can never work')
  })

  it('is refused when its moves belong to another runbook', async () => {
    expect(await replay(request, '0.7.7')).toBeUndefined()
  })
})

describe('the failure matrix', () => {
  it('says of every step and every way to go wrong how the run ends and what remains', async () => {
    const table = await failureTable(subject(leased), 10_000)
    const text = tableAsText(table)
    expect(table.complete).toBe(true)
    expect(text).toContain('t/snapshot.create fails: answerLost, though it took effect  →  succeeded')
    expect(text).toContain(
      'release by t/snapshot.delete does not work from now on  →  failed: dirtyClose\n      guest never frozen; point none; OWED: backup/snap; ALERT',
    )
    expect(tableAsMarkdown(table)).toContain(
      '| `backup/copy` | the operator cancels the run | cancelled | never frozen | none | nothing |  |',
    )
  })

  // HOLDFAST_ACCEPT_CASES=1 rewrites them; read the difference.
  it.each([
    ['txt', tableAsText],
    ['md', tableAsMarkdown],
  ] as const)('tells how the guest is left, what the point claims and who is told, as %s', async (kind, print) => {
    const file = join(import.meta.dirname, `tables/honest.${kind}`)
    const printed = print(await failureTable(subject(honest), 10_000))
    if (process.env.HOLDFAST_ACCEPT_CASES) writeFileSync(file, printed)
    expect(printed).toBe(readFileSync(file, 'utf8'))
  })
})
