// Kills backups of real guests that write, under real QEMUs, at each record of their journal; another process takes over each time, and the
// next backup is held against the disks. Prints for how long a guest was held still: `npm run kills:qemu -- --runbook qemu/group-backup` for two
// guests at one instant; `--first 8 --apart 5` for every fifth record from the eighth on.
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { KILLED_RUNBOOKS, killsFrom, openKilledBackups } from '../test/platforms/qemu/killed-backup.ts'
import { median } from './bench/median.ts'

/** What pauses a VM ends it after so long (P5). */
const MAX_HOLD_MS = 60_000

const { values } = parseArgs({
  options: {
    runbook: { type: 'string', default: 'qemu/vm-backup' },
    first: { type: 'string', default: '1' },
    apart: { type: 'string', default: '1' },
  },
})
const runbook = KILLED_RUNBOOKS.find((name) => name === values.runbook)
if (!runbook) throw new Error(`--runbook is one of ${KILLED_RUNBOOKS.join(', ')}`)
console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.version}`)
const startedAt = performance.now()
await using backups = await openKilledBackups(runbook)
const { records, undisturbedMs } = backups
console.log(`${runbook}: ${records} records; without a kill nothing was written for ${undisturbedMs.toFixed(0)} ms at most`)
const stills: number[] = []
const takeOvers: number[] = []
const ended: Record<string, number> = {}
const levels: Record<string, number> = {}
let violated = 0
for await (const killed of killsFrom(backups, Number(values.first), Number(values.apart))) {
  const { record, status, failure, stillMs, takeOverMs, nextLevels } = killed
  const tooLong = stillMs > takeOverMs + MAX_HOLD_MS ? ['held still longer than it takes to start again and P5 allows'] : []
  const violations = [...killed.violations, ...tooLong]
  stills.push(stillMs)
  takeOvers.push(takeOverMs)
  const how = failure === undefined ? status : `${status} (${failure})`
  ended[how] = (ended[how] ?? 0) + 1
  for (const level of nextLevels) levels[level] = (levels[level] ?? 0) + 1
  violated += violations.length
  const times = `still for ${stillMs.toFixed(0)} ms, taken over in ${takeOverMs.toFixed(0)} ms`
  console.log(`record ${record}: ${how}, ${times}, next ${nextLevels.join(' and ')}`)
  for (const line of violations) console.log(`  ${line}`)
}
const list = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
const spread = (times: readonly number[]): string =>
  `median ${median(times).toFixed(0)} ms, max ${Math.max(...times).toFixed(0)} ms`
console.log(
  `${stills.length} processes killed: ${list(ended)}; next backups: ${list(levels)}, equal to the disks; violations ${violated}`,
)
console.log(`held still, kill and restart included: ${spread(stills)}`)
console.log(`taken over by another process, its start included: ${spread(takeOvers)}`)
console.log(`${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
if (violated > 0) process.exitCode = 1
