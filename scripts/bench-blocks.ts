// `npm run bench:blocks [-- --rounds 5 --size 1GiB --only nbd]`: the data path beside its peers. Prints a table of ratios.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { formatSize, parseSize } from '../src/values/index.ts'
import { type Ground, hold, type Score } from './bench/contest.ts'
import { nbdGround } from './bench/nbd.ts'
import { vaultGround } from './bench/vault.ts'

const GROUNDS: Readonly<Record<string, Ground>> = { nbd: nbdGround, vault: vaultGround }

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, size: { type: 'string', default: '1GiB' }, only: { type: 'string' } },
})
const sizeBytes = parseSize(values.size)
if (sizeBytes === undefined) throw new Error(`--size: ${values.size} is no size; try 1GiB`)

console.log(`${values.rounds} rounds, image of ${formatSize(sizeBytes)}; ratio = how many times the peer's rate`)
for (const [name, ground] of Object.entries(GROUNDS)) {
  if (values.only !== undefined && values.only !== name) continue
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
  try {
    await using prepared = await ground(folder, sizeBytes)
    for (const row of prepared.rows) print(await hold(row, Number(values.rounds)))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function print({ title, ourMs, peakBytes, against }: Score): void {
  const memory = peakBytes === undefined ? '' : `, peak ${formatSize(peakBytes)}`
  console.log(`\n${title}\n  holdfast ${ourMs.toFixed(0)} ms${memory}`)
  for (const { peer, peerMs, ratio, goal } of against) {
    const verdict = ratio >= goal ? 'reached' : 'MISSED'
    console.log(`  ${peer} ${peerMs.toFixed(0)} ms → ratio ${ratio.toFixed(2)}, goal ${goal}: ${verdict}`)
  }
}
