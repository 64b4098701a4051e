// Kills a backup of a real guest that writes, under a real QEMU, at each record of its journal; another process takes over each time, and the
// next backup is held against the disks. Prints for how long the guest was held still: `npm run kills:qemu -- 1 1` (first record, every so many).
import { availableParallelism, cpus } from 'node:os'
import { killsFrom, openKilledBackups } from '../test/platforms/qemu/killed-backup.ts'

const [first = '1', stride = '1'] = process.argv.slice(2)
console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.version}`)
const startedAt = performance.now()
await using backups = await openKilledBackups()
const { records, undisturbedMs } = backups
console.log(`${records} records; without a kill nothing was written for ${undisturbedMs.toFixed(0)} ms at most`)
const stills: number[] = []
const ended: Record<string, number> = {}
const levels: Record<string, number> = {}
let violated = 0
for await (const { record, status, failure, stillMs, nextLevel, violations } of killsFrom(
  backups,
  Number(first),
  Number(stride),
)) {
  stills.push(stillMs)
  const how = failure === undefined ? status : `${status} (${failure})`
  ended[how] = (ended[how] ?? 0) + 1
  levels[nextLevel] = (levels[nextLevel] ?? 0) + 1
  violated += violations.length
  console.log(`record ${record}: ${how}, still for ${stillMs.toFixed(0)} ms, next ${nextLevel}`)
  for (const line of violations) console.log(`  ${line}`)
}
const sorted = stills.toSorted((a, b) => a - b)
const list = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
console.log(
  `${stills.length} processes killed: ${list(ended)}; next backups: ${list(levels)}, equal to the disks; violations ${violated}`,
)
console.log(
  `held still, kill and restart included: median ${sorted[Math.floor(sorted.length / 2)]?.toFixed(0)} ms, max ${sorted.at(-1)?.toFixed(0)} ms`,
)
console.log(`${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
if (violated > 0) process.exitCode = 1
