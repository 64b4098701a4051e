// How many runbooks `check` checks in a second, and how long it takes compared with reading the same files with `yaml` and holding
// them against the runbook schema with `ajv`. Usage: npm run bench:check [-- --count 1000 --rounds 5 --seed 1 --json]
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { parse } from 'yaml'
import { median } from './bench/median.ts'
import { varied } from './bench/vary-runbooks.ts'
import { randomFrom, type Source } from './mutate/corrupt.ts'
import { checkerOver } from './mutate/judge.ts'
import { shippedCatalogue, shippedRunbooks } from './mutate/shipped.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const [count, rounds, seed] = [values.count, values.rounds, values.seed].map(Number) as [number, number, number]

const loadedAt = performance.now()
const catalogue = await shippedCatalogue()
const packsMs = performance.now() - loadedAt

const check = checkerOver(catalogue)
const validate = validatorOf(join(import.meta.dirname, '../schemas/runbook.schema.json'))

const work: Readonly<Record<string, (source: Source) => number>> = {
  'yaml + ajv': ({ text }) => (validate(parse(text)) ? 0 : 1),
  check: (source) => check(source).length,
}

// In turns, so that whatever else the machine does falls on both alike; new texts each round, so that no cache knows them. The
// first round warms up and does not count.
const samples = new Map(Object.keys(work).map((name) => [name, [] as number[]]))
const random = randomFrom(seed)
let lines = 0
for (let round = 0; round <= rounds; round += 1) {
  const sources = varied(shippedRunbooks(), count, random)
  lines = sources.reduce((sum, { text }) => sum + text.split('\n').length, 0)
  for (const [name, perform] of Object.entries(work)) {
    const startedAt = performance.now()
    const problems = sources.reduce((sum, source) => sum + perform(source), 0)
    const tookMs = performance.now() - startedAt
    if (problems > 0) throw new Error(`${name} finds ${problems} problems where there are none`)
    if (round > 0) samples.get(name)?.push(tookMs)
  }
}

const [baseMs = Number.NaN, checkMs = Number.NaN] = [...samples.values()].map(median)
const figures = {
  processor: cpus()[0]?.model ?? 'unknown',
  node: process.version,
  runbooks: count,
  lines,
  rounds,
  packsMs: Math.round(packsMs),
  baseMs: Math.round(baseMs),
  checkMs: Math.round(checkMs),
  runbooksPerSecond: Math.round((1000 * count) / checkMs),
  ratio: Number((checkMs / baseMs).toFixed(2)),
}
if (values.json) console.log(JSON.stringify(figures))
else {
  console.log(`${figures.processor}, Node ${figures.node}; medians of ${rounds} rounds over ${count} runbooks, ${lines} lines`)
  for (const [name, tookMs] of [
    ['yaml + ajv', baseMs],
    ['check', checkMs],
  ] as const) {
    const rate = Math.round((1000 * count) / tookMs)
    console.log(
      `${name.padEnd(12)} ${tookMs.toFixed(0).padStart(7)} ms  ${String(rate).padStart(6)} runbooks/s  ${(tookMs / baseMs).toFixed(2)} ×`,
    )
  }
  console.log(`packs are loaded once: ${figures.packsMs} ms`)
}

function validatorOf(schemaFile: string): (value: unknown) => boolean {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  formats.default(ajv)
  return ajv.compile(JSON.parse(readFileSync(schemaFile, 'utf8')))
}
