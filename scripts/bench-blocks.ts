// `npm run bench:blocks [-- --rounds 5 --size 1GiB --only WORDS --json FILE]`: the data path beside its peers, as a table in Markdown.
// How to read it: docs/performance.md.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { formatSize, parseSize } from '../src/values/index.ts'
import { buildScripts } from './bench/build.ts'
import { type Ground, hold, type Score } from './bench/contest.ts'
import { nbdGround } from './bench/nbd.ts'
import { countGoals, HEAD, tableRows } from './bench/table.ts'
import { vaultGround } from './bench/vault.ts'

const GROUNDS: readonly Ground[] = [nbdGround, vaultGround]

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    size: { type: 'string', default: '1GiB' },
    /** Only rows whose title contains this. */
    only: { type: 'string', default: '' },
    json: { type: 'string' },
  },
})
const rounds = Number(values.rounds)
const sizeBytes = parseSize(values.size)
if (sizeBytes === undefined) throw new Error(`--size: ${values.size} is no size; try 1GiB`)

const machine = { processors: availableParallelism(), model: cpus()[0]?.model ?? '', load: loadavg()[0] ?? 0 }
const date = new Date().toISOString()
console.log(
  `${date.slice(0, 10)}, ${machine.processors} processors (${machine.model}), load ${machine.load.toFixed(1)} at the start;`,
)
console.log(
  `image of ${formatSize(sizeBytes)}, medians of ${rounds} rounds. × wall, × CPU: what the peer took of what we took.\n\n${HEAD}`,
)
const scores: Score[] = []
for (const ground of GROUNDS) {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
  try {
    await using prepared = await ground(folder, sizeBytes, buildScripts(folder))
    for (const row of prepared.rows) {
      if (!row.title.includes(values.only)) continue
      const score = await hold(row, rounds)
      scores.push(score)
      console.log(tableRows(score).join('\n'))
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
const { goals, missed } = countGoals(scores)
console.log(`\n${goals} goals, ${missed} missed; load ${(loadavg()[0] ?? 0).toFixed(1)} at the end`)
if (values.json !== undefined)
  await writeFile(values.json, `${JSON.stringify({ date, machine, sizeBytes, rounds, scores }, null, 2)}\n`)
