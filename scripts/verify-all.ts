// Verifies every runbook that ships, and looks for every canary: `npm run verify:all`. Prints the figures.
//   --faults 2,3     so many faults, one search after the other; a later one only where the one before came to its end
//   --items 2        items of a loop over a list that only a run can tell
//   --seconds 600,60 processor seconds that each of these searches may take; it says so where it was not at its end
//   --states N       states after which a search gives up
//   PART             only runbooks whose path holds this
import { globSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { search, type Verdict } from '../src/verify/index.ts'
import { CANARIES, foundIn } from '../test/verify/canaries/index.ts'
import { subjectOf } from '../test/verify/shipped.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    faults: { type: 'string', default: '2,3' },
    items: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '600,60' },
    states: { type: 'string', default: '6000000' },
  },
})
const faults = values.faults.split(',').map(Number)
const seconds = values.seconds.split(',').map(Number)

console.log(
  `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.version}, ${values.items} items`,
)
console.log('runbook | faults | states | transitions | processor s | states/s | transitions/s | memory MiB | violations')

const root = join(import.meta.dirname, '..')
const files = globSync('runbooks/*/*.runbook.yaml', { cwd: root }).toSorted()
for (const file of files.filter((each) => positionals.every((part) => each.includes(part)))) await verify(file)
if (positionals.length === 0) await lookForCanaries()

async function verify(file: string): Promise<void> {
  for (const [index, many] of faults.entries()) {
    const { complete, violations } = await measured(file, many, seconds[index] ?? seconds.at(-1) ?? Infinity)
    if (violations.length > 0) process.exitCode = 1
    if (!complete) return
  }
}

async function measured(file: string, many: number, mostSeconds: number): Promise<Verdict> {
  const used = process.cpuUsage()
  const spent = (): number => {
    const { user, system } = process.cpuUsage(used)
    return (user + system) / 1e6
  }
  let moves = 0
  const isTimeUp = (): boolean => {
    moves += 1
    return moves % 256 === 0 && spent() > mostSeconds
  }
  const verdict = await search(subjectOf(file, Number(values.items)), {
    faults: many,
    maxStates: Number(values.states),
    maxViolations: 5,
    isTimeUp,
  })
  const cpuSeconds = spent()
  const { states, transitions, violations, complete } = verdict
  const figures = [
    file.replace(/^runbooks\//, '').replace('.runbook.yaml', ''),
    many,
    states,
    transitions,
    cpuSeconds.toFixed(1),
    Math.round(states / cpuSeconds),
    Math.round(transitions / cpuSeconds),
    Math.round(process.memoryUsage.rss() / 2 ** 20),
    violations.length,
  ]
  console.log(figures.join(' | ') + (complete ? '' : ` | NOT COMPLETE after ${cpuSeconds.toFixed(0)} s and ${states} states`))
  return verdict
}

async function lookForCanaries(): Promise<void> {
  const canaries = Object.values(CANARIES).flat()
  let found = 0
  for (const canary of canaries) {
    if ((await foundIn(canary)).said.includes(canary.breaks)) found += 1
    else console.log(`not found: ${canary.what} [${canary.breaks}]`)
  }
  console.log(`canaries found: ${found}/${canaries.length}`)
  if (found < canaries.length) process.exitCode = 1
}
