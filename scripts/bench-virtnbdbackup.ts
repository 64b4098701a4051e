// `npm run bench:virtnbdbackup [-- --rounds 5 --size 1GiB --json FILE]`: backups of one running VM of a libvirt, by Holdfast and by virtnbdbackup in
// turn. How to read it: docs/performance.md.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { formatSize } from '../src/values/index.ts'
import { hold, type Score } from './bench/contest.ts'
import { openDomain } from './bench/domain.ts'
import { median } from './bench/median.ts'
import { tellSetting } from './bench/setting.ts'
import { countGoals, HEAD, tableRows } from './bench/table.ts'
import { backupRows, PHASES } from './bench/vm-backups.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, size: { type: 'string', default: '1GiB' }, json: { type: 'string' } },
})
const setting = tellSetting('disk', values)
const { rounds, sizeBytes } = setting

const folder = await mkdtemp(join(tmpdir(), 'hf-bench-'))
const scores: (Score & { readonly moved: readonly Moved[] })[] = []
interface Moved {
  readonly name: string
  readonly readBytes: number
  readonly storedBytes: number
  readonly stillMs: number
  readonly phasesMs: readonly number[]
}
try {
  await using domain = await openDomain(folder, sizeBytes)
  console.log(HEAD)
  for (const { row, told } of await backupRows(domain, folder)) {
    const score = await hold(row, rounds)
    const moved = [...told].map(([name, all]) => {
      // The first round does not count.
      const counted = all.slice(-rounds)
      const of = (figure: 'readBytes' | 'storedBytes' | 'stillMs') => median(counted.map((each) => each[figure]))
      const phasesMs = (counted[0]?.phasesMs ?? []).map((_, phase) => median(counted.map((each) => each.phasesMs?.[phase] ?? 0)))
      return { name, readBytes: of('readBytes'), storedBytes: of('storedBytes'), stillMs: of('stillMs'), phasesMs }
    })
    scores.push({ ...score, moved })
    console.log(tableRows(score).join('\n'))
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
console.log('\n| work | who | read | stored | longest without a write in the guest, ms |\n| --- | --- | ---: | ---: | ---: |')
for (const { title, moved } of scores)
  for (const { name, readBytes, storedBytes, stillMs } of moved)
    console.log(`| ${title} | ${name} | ${formatSize(readBytes)} | ${formatSize(storedBytes)} | ${stillMs.toFixed(0)} |`)
console.log(`\n| where our time goes, ms | ${scores.map(({ title }) => title).join(' | ')} |`)
console.log(`| --- |${' ---: |'.repeat(scores.length)}`)
for (const [phase, { name }] of PHASES.entries()) {
  const each = scores.map(({ moved }) => moved.find(({ phasesMs }) => phasesMs.length > 0)?.phasesMs[phase] ?? Number.NaN)
  console.log(`| ${name} | ${each.map((ms) => ms.toFixed(0)).join(' | ')} |`)
}
const { goals, missed } = countGoals(scores)
console.log(`\n${goals} goals, ${missed} missed; load ${(loadavg()[0] ?? 0).toFixed(1)} at the end`)
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ ...setting, scores }, null, 2)}\n`)
