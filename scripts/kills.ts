// Kills processes that perform shipped runbooks at instants drawn from a seed, kills those that take over as well, and prints the counts:
// `npm run kills -- 200 seed` (processes to be killed, seed).
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeEmptyVault } from '../test/faults/kill/crew.ts'
import { killAtInstants } from '../test/faults/kill/instants.ts'
import { killWithinReaps } from '../test/faults/kill/reaps.ts'
import { performable } from '../test/faults/kill/shipped.ts'

const EVERY = 50
/** Of the kills, so many more within `reap`. */
const REAPS_PART = 0.05

const [kills = '200', seed = 'holdfast'] = process.argv.slice(2)
console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.version}`)
const root = mkdtempSync(join(tmpdir(), 'holdfast-kills-'))
try {
  const startedAt = performance.now()
  const seconds = (): string => ((performance.now() - startedAt) / 1000).toFixed(0)
  const emptyVault = join(root, 'empty-vault')
  await makeEmptyVault(emptyVault)
  const { scenes, others } = await performable()
  for (const line of others) console.log(`not performed: ${line}`)
  const { killed, interrupted, endedFirst, runs, byStatus, byRunbook, equal, violations } = await killAtInstants({
    scenes,
    root,
    emptyVault,
    kills: Number(kills),
    seed,
    onKilled: (count) => {
      if (count % EVERY === 0) console.log(`${count} killed in ${seconds()} s`)
    },
  })
  const ended = Object.entries(byStatus).map(([status, times]) => `${times} ${status}`)
  console.log(`seed ${seed}: ${killed} processes killed, ${endedFirst} ended first; ${interrupted} times a run was interrupted`)
  for (const [runbook, times] of Object.entries(byRunbook).toSorted()) console.log(`  ${times} × ${runbook}`)
  console.log(`${runs} runs: ${ended.join(', ')}; ${equal} points and VMs equal byte by byte; violations ${violations.length}`)
  const reaps = await killWithinReaps({ scenes, root, emptyVault, kills: Math.ceil(Number(kills) * REAPS_PART), seed })
  console.log(
    `${reaps.killed} processes killed while they settled ${reaps.owed} duties that were owed; violations ${reaps.violations.length}`,
  )
  console.log(`${seconds()} s`)
  for (const line of [...violations, ...reaps.violations]) console.log(`  ${line}`)
  if (violations.length + reaps.violations.length > 0) process.exitCode = 1
} finally {
  rmSync(root, { recursive: true })
}
