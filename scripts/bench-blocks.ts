// `npm run bench:blocks [-- --rounds 5 --size 1GiB --only WORDS --json FILE]`: the data path beside its peers, as a table in Markdown.
// How to read it: docs/performance.md.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildScripts } from './bench/build.ts'
import { type Ground, hold, type Score } from './bench/contest.ts'
import { nbdGround } from './bench/nbd.ts'
import { tellSetting } from './bench/setting.ts'
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
const setting = tellSetting('image', values)
const { rounds, sizeBytes } = setting
console.log(HEAD)
const scores: Score[] = []
for (const ground of GROUNDS) {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
  try {
    await using prepared = await ground(folder, sizeBytes, await buildScripts(folder))
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
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ ...setting, scores }, null, 2)}\n`)
