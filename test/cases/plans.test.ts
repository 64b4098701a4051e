// The plan of every shipped runbook in every view, and one that shows all that a plan can hold. HOLDFAST_ACCEPT_CASES=1 rewrites the
// expectations. No input is given and nothing is read: a reader sees what only a run can tell.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runCli } from '../../src/cli/index.ts'
import { type Plan, planAsHtml, planAsMarkdown, planAsMermaid, planAsText } from '../../src/plan/index.ts'
import { createTestHost } from '../cli/test-host.ts'
import { mermaidComplaint, readPage } from '../plan/views/judges.ts'
import { sample } from '../plan/views/sample.ts'

const FOLDER = join(import.meta.dirname, 'plans')
const SHIPPED = join(import.meta.dirname, '../../runbooks')
const runbooks = readdirSync(SHIPPED, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.runbook.yaml')).sort()
const nameOf = (file: string): string => file.replaceAll('/', '.').replace('.runbook.yaml', '')

const VIEWS: Readonly<Record<string, (plan: Plan) => string>> = {
  'plan.json': (plan) => `${JSON.stringify(plan, undefined, 2)}\n`,
  'wide.txt': (plan) => planAsText(plan, { width: 120, colour: false, requests: true, unwind: true }),
  'narrow.txt': (plan) => planAsText(plan, { width: 72, colour: false }),
  'plan.md': planAsMarkdown,
  'plan.mmd': planAsMermaid,
  'plan.html': (plan) => withoutStyle(planAsHtml(plan)),
}

/** How a page looks is judged in a browser: an edit of its style leaves the expectations as they are. */
const withoutStyle = (page: string): string =>
  page.replace(/<style>[^]*?<\/style>/, '<style>…</style>').replace(/'sha256-[^']+'/, "'sha256-…'")

/** An edit of a text that leaves the plan as it is leaves the expectations as they are. */
const PINNED = '0123456789abcdef'.repeat(4)

async function planOf(file: string): Promise<Plan> {
  const { host, printed } = createTestHost(SHIPPED)
  const exitCode = await runCli(['plan', join(SHIPPED, file), '--format', 'json'], host)
  expect(printed.stderr).toBe('')
  expect(exitCode).toBe(0)
  const plan = JSON.parse(printed.stdout) as Plan
  return { ...plan, pins: Object.fromEntries(Object.keys(plan.pins).map((role) => [role, PINNED])) }
}

/** Made once, for all views. */
const once = (make: () => Promise<Plan>): (() => Promise<Plan>) => {
  let made: Promise<Plan> | undefined
  return () => {
    made ??= make()
    return made
  }
}

describe.each([['every-feature', async () => sample] as const, ...runbooks.map((file) => [nameOf(file), once(() => planOf(file))] as const)])(
  'the plan of %s',
  (name, make) => {
    test.each(Object.entries(VIEWS))('%s', async (view, show) => {
      const expectation = join(FOLDER, name, view)
      const said = show(await make())
      if (process.env.HOLDFAST_ACCEPT_CASES) {
        mkdirSync(join(FOLDER, name), { recursive: true })
        writeFileSync(expectation, said)
      }
      expect(existsSync(expectation), `${expectation} is missing: run npm run cases:accept and read what it writes`).toBe(true)
      expect(said).toBe(readFileSync(expectation, 'utf8'))
    })

    test('is Mermaid and HTML to parsers that are not ours', async () => {
      const plan = await make()
      expect(await mermaidComplaint(planAsMermaid(plan))).toBeUndefined()
      expect(readPage(planAsHtml(plan)).errors).toEqual([])
    })
  },
)

test('every folder of expectations belongs to a runbook', () => {
  expect(readdirSync(FOLDER).sort()).toEqual(['every-feature', ...runbooks.map(nameOf)].sort())
})

test('the guide shows what the command prints at a terminal of 80 columns', async () => {
  const guide = join(import.meta.dirname, '../../docs/guide/plans.md')
  const text = readFileSync(guide, 'utf8')
  const example = /^```text\n\$ holdfast (plan \S+)\n([\s\S]*?)^```$/m.exec(text)
  const { host, printed } = createTestHost(SHIPPED, { COLUMNS: '80' })
  await runCli(example?.[1]?.split(' ') ?? [], host)
  if (process.env.HOLDFAST_ACCEPT_CASES && example?.[2] !== undefined)
    writeFileSync(guide, text.replace(example[0], () => `\`\`\`text\n$ holdfast ${example[1]}\n${printed.stdout}\`\`\``))
  expect(readFileSync(guide, 'utf8')).toContain(`\n$ holdfast ${example?.[1]}\n${printed.stdout}\`\`\`\n`)
})

test('a saved plan is shown again as it was, in any view', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-plans-'))
  try {
    const { host, printed } = createTestHost(folder)
    expect(await runCli(['plan', join(SHIPPED, 'sangfor-scp/vm-restore.runbook.yaml'), '-o', 'plan.json'], host)).toBe(0)
    const again = createTestHost(folder)
    expect(await runCli(['plan', 'plan.json'], again.host)).toBe(0)
    expect(again.printed.stdout).toBe(printed.stdout)
    const page = createTestHost(folder)
    expect(await runCli(['plan', 'plan.json', '--format', 'html'], page.host)).toBe(0)
    expect(readPage(page.printed.stdout).errors).toEqual([])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
