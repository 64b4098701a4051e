// Rehearses every runbook that ships, two at a time, and prints the figures: `npm run rehearse:all`, or
// `npm run rehearse:all -- 1000 3 seed sangfor-scp` (runs of each, faults at most in one, seed, what the names begin with).
// Each runs as `holdfast rehearse` does, alone and then once more after it has been run before.
import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { RehearsalReport } from '../src/rehearse/index.ts'

const ROOT = join(import.meta.dirname, '..')
const WORKERS = Math.min(2, availableParallelism())
const HOLDFAST = ['--conditions=source', '--disable-warning=ExperimentalWarning', join(ROOT, 'bin/holdfast.js')]

const [runs = '200', faults = '3', seed = 'holdfast', begins = ''] = process.argv.slice(2)
console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.version}, seed ${seed}`)
const names = globSync('runbooks/*/*.runbook.yaml', { cwd: ROOT })
  .map((file) => file.replace(/^runbooks\//, '').replace(/\.runbook\.yaml$/, ''))
  .filter((name) => name.startsWith(begins))
  .toSorted()
const waiting = names.flatMap((name): (readonly string[])[] => [[name], [name, '--before', name]])
await Promise.all(Array.from({ length: WORKERS }, work))

async function work(): Promise<void> {
  for (let next = waiting.shift(); next; next = waiting.shift()) console.log(await rehearsed(next))
}

type Report = RehearsalReport & { readonly seconds: number }
type Told = Report | { readonly diagnostics: readonly { readonly message: string }[] }

/** One line of figures, and one more for each run with violations. */
async function rehearsed(args: readonly string[]): Promise<string> {
  const call = ['rehearse', ...args, '--runs', runs, '--faults', faults, '--seed', seed, '--format', 'json']
  // It exits with 3 where it found violations, and prints its report all the same.
  const { stdout } = await promisify(execFile)(process.execPath, [...HOLDFAST, ...call], { maxBuffer: 2 ** 26 }).catch(
    (error: { readonly stdout: string }) => error,
  )
  const title = args.join(' ')
  const told: Told = JSON.parse(stdout)
  if (!('diagnostics' in told)) return linesOf(title, told)
  // That something cannot be done twice is no fault of it.
  if (args.length === 1) process.exitCode = 1
  return `${title}  cannot be rehearsed: ${told.diagnostics[0]?.message}`
}

function linesOf(title: string, report: Report): string {
  const { byStatus, resumed, reaped, rehearsedMs, seconds, found } = report
  const ended = Object.entries(byStatus).map(([status, times]) => `${times} ${status}`)
  const hours = (rehearsedMs / 3_600_000).toFixed(1)
  if (found.length > 0) process.exitCode = 1
  return [
    `${title}  ${report.runs} rehearsals  ${ended.join(', ')}  ${resumed} taken over, ${reaped} reaped  ${hours} h in ${seconds.toFixed(1)} s  ${found.length} with violations`,
    ...found.map(({ number, violations }) => `  --run ${number}: ${violations.join('; ')}`),
  ].join('\n')
}
