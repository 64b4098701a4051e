// Kills processes that perform shipped runbooks at instants drawn from a seed, resumes what they left, and prints the counts:
// `npm run kills -- 200 seed`.
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { killShippedAtInstants } from '../test/faults/kill/instants.ts'
import { openShipped } from '../test/faults/kill/shipped.ts'

const [count = '200', seed = 'holdfast'] = process.argv.slice(2)
console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.version}`)
const root = mkdtempSync(join(tmpdir(), 'holdfast-kills-'))
try {
  const startedAt = performance.now()
  await using stage = await openShipped(root)
  const { runs, killed, endedFirst, resumed, byStatus, equal, violations } = await killShippedAtInstants(
    stage,
    Number(count),
    seed,
  )
  const leaks = stage.leaks()
  const ended = Object.entries(byStatus).map(([status, times]) => `${times} ${status}`)
  console.log(`${runs} runs, seed ${seed}: ${killed} killed, ${endedFirst} ended first; ${resumed} resumed; ${ended.join(', ')}`)
  console.log(`leaks ${leaks.length}, violations ${violations.length}, ${equal} points and VMs equal byte by byte`)
  console.log(`${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
  for (const line of [...leaks, ...violations]) console.log(`  ${line}`)
  if (leaks.length + violations.length > 0) process.exitCode = 1
} finally {
  rmSync(root, { recursive: true })
}
