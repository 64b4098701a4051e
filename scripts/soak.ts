// Hourly backups of many VMs in leaping time, with faults all day long, and what they leave, take and grow to:
// `npm run soak`, or `npm run soak -- 24 200 0.01 seed` (hours, VMs, part of all calls that go wrong, seed).
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { soak } from '../test/rehearse/soak.ts'

const [hours = '24', vms = '200', faultRate = '0.01', seed = 'holdfast'] = process.argv.slice(2)
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`
const folder = mkdtempSync(join(tmpdir(), 'holdfast-soak-'))
console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.version}`)
try {
  const startedAt = performance.now()
  const report = await soak({
    hours: Number(hours),
    vms: Number(vms),
    faultRate: Number(faultRate),
    seed,
    folder,
    onHour: ({ hour, status, failure, tookMs, points, reaped, leaks, heapBytes, residentBytes, journalBytes }) => {
      const took = `${(tookMs / 60_000).toFixed(0)} min`
      console.log(
        `hour ${hour}  ${status} in ${took}  ${points} points  ${reaped} reaped  ${leaks.length} leaks  heap ${mib(heapBytes)}  resident ${mib(residentBytes)}  journal ${mib(journalBytes)}${failure ? `  ${failure}` : ''}`,
      )
      for (const line of leaks) console.log(`  ${line}`)
    },
  })
  const [first, last] = [report.hours[0], report.hours.at(-1)]
  const ended = Object.entries(report.byStatus).map(([status, times]) => `${times} ${status}`)
  const faults = Object.values(report.faults).reduce((sum, times) => sum + times, 0)
  const leaks = report.hours.flatMap((hour) => hour.leaks)
  console.log(
    `runs: ${ended.join(', ')}; ${report.points} restore points; ${report.requests} requests, ${report.renewals} renewals`,
  )
  console.log(
    `${faults} faults: ${Object.entries(report.faults)
      .map(([fault, times]) => `${times} ${fault}`)
      .join(', ')}`,
  )
  if (first && last) console.log(`heap ${mib(first.heapBytes)} after the first hour, ${mib(last.heapBytes)} after the last`)
  console.log(
    `leaks ${leaks.length}, problems ${report.problems.length}; ${((performance.now() - startedAt) / 1000).toFixed(0)} s`,
  )
  for (const line of report.problems) console.log(`  ${line}`)
  if (leaks.length + report.problems.length > 0) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true })
}
