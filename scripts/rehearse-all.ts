// Rehearses every runbook that ships and prints the figures: `npm run rehearse:all`, or `npm run rehearse:all -- 1000 3 seed`
// (runs of each, faults at most in one, seed).
import { availableParallelism, cpus } from 'node:os'
import { platforms } from '../src/platforms/index.ts'
import { rehearse } from '../src/rehearse/index.ts'
import { scpRunbooks } from '../test/platforms/sangfor-scp/stage.ts'
import { sceneOf } from '../test/rehearse/scenes.ts'

/** What has to be there before a runbook has anything to work on. */
const BEFORE: Readonly<Record<string, readonly string[]>> = { 'vm-restore': ['vm-backup'], 'cbt-disable': ['cbt-enable'] }

const [runs = '200', faults = '3', seed = 'holdfast'] = process.argv.slice(2)
console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.version}`)
for (const file of scpRunbooks) {
  const name = file.replace('.runbook.yaml', '')
  const startedAt = performance.now()
  const before = (BEFORE[name] ?? []).map((each) => sceneOf(each))
  const report = await rehearse({ platforms, seed, before, scene: sceneOf(name), runs: Number(runs), faults: Number(faults) })
  const seconds = (performance.now() - startedAt) / 1000
  const ended = Object.entries(report.byStatus).map(([status, times]) => `${times} ${status}`)
  const hours = (report.rehearsedMs / 3_600_000).toFixed(1)
  console.log(
    `${report.runbook}  ${report.runs} rehearsals  ${ended.join(', ')}  ${report.resumed} taken over, ${report.reaped} reaped  ${hours} h in ${seconds.toFixed(1)} s  ${report.found.length} with violations`,
  )
  for (const { number, violations } of report.found) console.log(`  run ${number}: ${violations.join('; ')}`)
  if (report.found.length > 0) process.exitCode = 1
}
