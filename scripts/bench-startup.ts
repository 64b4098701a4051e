// How long commands take from start to end, as multiples of what Node itself takes to start, and how much of the processor; in one go.
// Runs the built JavaScript, as it is published. Usage: npm run bench:startup [-- --assert]
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from './bench/median.ts'

const ROUNDS = 25
/** For what is done at a prompt all the time. */
const GOAL = 2.5

const root = join(import.meta.dirname, '..')
const bin = join(root, 'bin/holdfast.js')
const runbook = join(root, 'runbooks/sangfor-scp/consistency-group-backup.runbook.yaml')

if (!existsSync(join(root, 'dist/main.js'))) spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' })

const { NODE_OPTIONS: _, ...env } = process.env
const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-startup-'))
// Listens at a free port, and writes the configuration that reaches it.
const simulator = spawn(
  process.execPath,
  [bin, 'simulate', 'sangfor-scp', '--port', '0', '--write-config', 'holdfast.config.yaml'],
  {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  },
)
await new Promise((resolve, reject) => {
  simulator.stdout.once('data', resolve)
  simulator.once('exit', (code) => reject(new Error(`the simulator ended with ${code}`)))
})

const READS = [bin, 'run', 'sangfor-scp/backup-preflight']
/** Of a run that has ended. */
const { stdout: events } = spawnSync(process.execPath, [...READS, '--format', 'json'], { cwd: folder, env, encoding: 'utf8' })
const { run: runId }: { run: string } = JSON.parse(events.slice(0, events.indexOf('\n')))

const work: Readonly<Record<string, { readonly args: readonly string[]; readonly hasGoal?: true }>> = {
  'node -e 0': { args: ['-e', '0'] },
  'holdfast --version': { args: [bin, '--version'], hasGoal: true },
  'holdfast --help': { args: [bin, '--help'], hasGoal: true },
  'holdfast check <runbook>': { args: [bin, 'check', runbook], hasGoal: true },
  'holdfast plan <runbook>': { args: [bin, 'plan', runbook, '-i', 'groupId=g'] },
  'holdfast obligations': { args: [bin, 'obligations'] },
  'holdfast run <five reads>': { args: READS },
  'holdfast show <that run>': { args: [bin, 'show', runId] },
}

/** Processor time of children that have ended, in milliseconds, by ten: proc(5), fields 16 and 17. Undefined where the system does not tell. */
function childrenCpuMs(): number | undefined {
  if (process.platform !== 'linux') return undefined
  const stat = readFileSync('/proc/self/stat', 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return 10 * (Number(fields[13]) + Number(fields[14]))
}

interface Sample {
  readonly tookMs: number
  readonly cpuMs: number
}

function runOnce(args: readonly string[]): Sample {
  const cpuBeforeMs = childrenCpuMs() ?? Number.NaN
  const startedAt = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' })
  const tookMs = performance.now() - startedAt
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`)
  return { tookMs, cpuMs: (childrenCpuMs() ?? Number.NaN) - cpuBeforeMs }
}

// In turns, so that whatever else the machine does falls on all alike. The first round fills the compile cache and does not count.
const samples = new Map(Object.keys(work).map((name) => [name, [] as Sample[]]))
try {
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [name, { args }] of Object.entries(work)) {
      const sample = runOnce(args)
      if (round > 0) samples.get(name)?.push(sample)
    }
  }
} finally {
  simulator.removeAllListeners('exit')
  simulator.kill()
  rmSync(folder, { recursive: true, force: true })
}

const baseMs = median((samples.get('node -e 0') ?? []).map(({ tookMs }) => tookMs))
let worst = 0
for (const [name, values] of samples) {
  const tookMs = median(values.map((each) => each.tookMs))
  const ratio = tookMs / baseMs
  if (work[name]?.hasGoal) worst = Math.max(worst, ratio)
  const cpuMs = values.reduce((sum, each) => sum + each.cpuMs, 0) / values.length
  const cpu = Number.isNaN(cpuMs) ? '' : `  CPU ${cpuMs.toFixed(0).padStart(4)} ms`
  console.log(`${name.padEnd(26)} ${tookMs.toFixed(1).padStart(7)} ms  ${ratio.toFixed(2).padStart(5)} × node -e 0${cpu}`)
}
console.log(`goal of the first three commands: within ${GOAL} ×; medians of ${ROUNDS} rounds, CPU their mean`)
if (process.argv.includes('--assert') && worst > GOAL) process.exitCode = 1
