// What the engine costs: durable steps per second, beside bare node:sqlite commits of the same run, and the memory of a long loop.
// `--json` prints the figures alone. A step here is one call that does nothing: its result, the next step's input and its intent.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createEngine, systemClock } from '../src/engine/index.ts'
import { openJournal, processOwner } from '../src/journal/index.ts'
import { parseRunbook } from '../src/language/index.ts'
import { parsePack } from '../src/packs/index.ts'

const STEPS_IN_SEQUENCE = 3000
const RUNS = 50
const STEPS_IN_RUN = 200
const LOOP_ITEMS = 10_000
const COMMITS = 3000
/** About what one step's events take. */
const COMMIT_BYTES = 400

const MANIFEST = `
pack: 1
name: bench
version: 1.0.0
title: Does nothing
actions:
  list:
    title: Lists names
    source: none
    effect: read
    input: { required: [count], properties: { count: { type: integer } } }
    output: { required: [names], properties: { names: { type: array, items: { type: string } } } }
    handler: true
  put:
    title: Does nothing
    source: none
    effect: mutate
    idempotent: true
    input: { required: [name], properties: { name: { type: string } } }
    output: {}
    handler: true
`

const RUNBOOK = `
runbook: 1
name: bench/loop
version: 1.0.0
use: { bench: bench@^1.0.0 }
inputs:
  type: object
  required: [count, concurrency]
  properties: { count: { type: integer }, concurrency: { type: integer } }
steps:
  - id: list
    uses: bench/list
    with: { count: '\${ inputs.count }' }
  - id: each
    foreach:
      in: \${ steps.list.names }
      as: name
      key: \${ name }
      concurrency: \${ inputs.concurrency }
      steps:
        - id: put
          uses: bench/put
          with: { name: '\${ name }' }
`

const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
try {
  const figures = await measure()
  if (process.argv.includes('--json')) console.log(JSON.stringify(figures))
  else print(figures)
} finally {
  rmSync(folder, { recursive: true })
}

type Figures = Awaited<ReturnType<typeof measure>>

async function measure() {
  await using journal = openJournal(join(folder, 'journal.db'))
  const { pack } = await parsePack({ file: 'pack.yaml', text: MANIFEST })
  const { runbook } = parseRunbook(RUNBOOK, 'bench.runbook.yaml')
  if (!pack || !runbook) throw new Error('the bench does not parse')
  const packs = [{ pack, sources: new Map([['pack.yaml', MANIFEST]]) }]
  await using engine = createEngine({
    journal,
    clock: systemClock,
    owner: processOwner(),
    newRunId: () => crypto.randomUUID(),
    connection: (target) => {
      throw new Error(`no target ${target}`)
    },
    handlers: () => ({
      'bench/list': async ({ count }) => ({ names: Array.from({ length: Number(count) }, (_, n) => `item-${n}`) }),
      'bench/put': async () => ({}),
    }),
  })
  const run = async (count: number, concurrency: number): Promise<void> => {
    const started = await engine.start({ runbook, text: RUNBOOK, packs, inputs: { count, concurrency }, targets: {} })
    const { status, failure } = await started.ended
    if (status !== 'succeeded') throw new Error(failure?.message)
  }

  await run(100, 1)
  const memory = await aboveIdle(() => run(LOOP_ITEMS, 8))
  const bareSec = await seconds(async () => bareCommits())
  const sequenceSec = await seconds(() => run(STEPS_IN_SEQUENCE, 1))
  const parallelSec = await seconds(async () => {
    await Promise.all(Array.from({ length: RUNS }, () => run(STEPS_IN_RUN, 1)))
  })
  const bareCommitMs = (bareSec / COMMITS) * 1000
  const stepMs = (sequenceSec / STEPS_IN_SEQUENCE) * 1000
  return {
    bareCommitMs,
    stepMs,
    stepsPerSecond: 1000 / stepMs,
    stepToBareCommit: stepMs / bareCommitMs,
    parallelRuns: RUNS,
    parallelStepsPerSecond: (RUNS * STEPS_IN_RUN) / parallelSec,
    loopItems: LOOP_ITEMS,
    idleRssMiB: memory.idle / 2 ** 20,
    loopRssAboveIdleMiB: memory.above / 2 ** 20,
  }
}

function bareCommits(): void {
  const database = new DatabaseSync(join(folder, 'bare.db'))
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (seq INTEGER PRIMARY KEY, body TEXT)')
  const [begin, insert, commit] = ['BEGIN IMMEDIATE', 'INSERT INTO rows (body) VALUES (?)', 'COMMIT'].map((sql) =>
    database.prepare(sql),
  )
  const body = 'x'.repeat(COMMIT_BYTES)
  for (let n = 0; n < COMMITS; n += 1) {
    begin?.run()
    insert?.run(body)
    commit?.run()
  }
  database.close()
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return (performance.now() - startedAt) / 1000
}

/** Peak resident memory of this process during the work, against just before it. */
async function aboveIdle(work: () => Promise<void>): Promise<{ idle: number; above: number }> {
  const idle = process.memoryUsage.rss()
  let peak = idle
  const sampling = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, 10)
  await work()
  clearInterval(sampling)
  return { idle, above: peak - idle }
}

function print(figures: Figures): void {
  const { bareCommitMs, stepMs, stepsPerSecond, stepToBareCommit, parallelStepsPerSecond, idleRssMiB, loopRssAboveIdleMiB } =
    figures
  const rows: readonly (readonly [string, string])[] = [
    ['bare node:sqlite commit (WAL, FULL)', `${bareCommitMs.toFixed(3)} ms`],
    [
      'durable step, one run',
      `${stepMs.toFixed(3)} ms = ${stepToBareCommit.toFixed(2)} × a bare commit; ${stepsPerSecond.toFixed(0)} steps/s`,
    ],
    [`durable steps, ${RUNS} runs in parallel`, `${parallelStepsPerSecond.toFixed(0)} steps/s`],
    [
      `foreach over ${LOOP_ITEMS} items`,
      `${loopRssAboveIdleMiB.toFixed(0)} MiB above idle (${idleRssMiB.toFixed(0)} MiB); goal ≤ 150`,
    ],
  ]
  for (const [what, figure] of rows) console.log(`${what.padEnd(38)} ${figure}`)
}
