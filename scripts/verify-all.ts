// Verifies every runbook that ships and prints the figures: `npm run verify:all`, or with other bounds `npm run verify:all -- 3 2 1000000`
// (faults, items, states).
import { globSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { search } from '../src/verify/index.ts'
import { subjectOf } from '../test/verify/shipped.ts'

const [faults = 2, items = 2, maxStates = 1_000_000] = process.argv.slice(2).map(Number)
console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.version}`)
for (const file of globSync('runbooks/*/*.runbook.yaml', { cwd: join(import.meta.dirname, '..') }).toSorted()) {
  const startedAt = performance.now()
  const usedBefore = process.cpuUsage()
  const { violations, complete, states, transitions } = await search(subjectOf(file, items), {
    faults,
    maxStates,
    maxViolations: 5,
  })
  const { user, system } = process.cpuUsage(usedBefore)
  const [seconds, cpuSeconds] = [(performance.now() - startedAt) / 1000, (user + system) / 1e6]
  const rate = Math.round(states / cpuSeconds)
  console.log(
    `${file}  ${faults} faults  ${states} states  ${transitions} transitions  ${seconds.toFixed(1)} s (${cpuSeconds.toFixed(1)} s of processor, ${rate} states/s)  ${violations.length} violations${complete ? '' : '  NOT COMPLETE'}`,
  )
  if (violations.length > 0) process.exitCode = 1
}
