// How long `holdfast --help` and `holdfast check` take, as multiples of what Node itself takes to start; measured in one go.
// Runs the built JavaScript, as it is published. Usage: npm run bench:startup [-- --assert]
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const ROUNDS = 25
const GOAL = 2.5

const root = join(import.meta.dirname, '..')
const bin = join(root, 'bin/holdfast.js')
const runbook = join(root, 'runbooks/sangfor-scp/consistency-group-backup.runbook.yaml')

if (!existsSync(join(root, 'dist/main.js'))) spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' })

const work: Readonly<Record<string, readonly string[]>> = {
  'node -e 0': ['-e', '0'],
  'holdfast --version': [bin, '--version'],
  'holdfast --help': [bin, '--help'],
  'holdfast check <runbook>': [bin, 'check', runbook],
}

function runOnceMs(args: readonly string[]): number {
  const { NODE_OPTIONS: _, ...env } = process.env
  const startedAt = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' })
  const tookMs = performance.now() - startedAt
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`)
  return tookMs
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

// In turns, so that whatever else the machine does falls on all alike. The first round fills the compile cache and does not count.
const samples = new Map(Object.keys(work).map((name) => [name, [] as number[]]))
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const [name, args] of Object.entries(work)) {
    const tookMs = runOnceMs(args)
    if (round > 0) samples.get(name)?.push(tookMs)
  }
}

const baseMs = median(samples.get('node -e 0') ?? [])
let worst = 0
for (const [name, values] of samples) {
  const ratio = median(values) / baseMs
  worst = Math.max(worst, ratio)
  console.log(`${name.padEnd(26)} ${median(values).toFixed(1).padStart(7)} ms  ${ratio.toFixed(2)} × node -e 0`)
}
console.log(`goal: within ${GOAL} ×; medians of ${ROUNDS} rounds`)
if (process.argv.includes('--assert') && worst > GOAL) process.exitCode = 1
