// Measures one piece of work: a program from its start to its end, or the part of one of our scripts that counts.
// It judges nothing; what a measurement says beside time is the figures that the work names itself.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

export interface Measured {
  readonly wallMs: number
  /** User and system time of the process that did the work, all threads; servers that it reads from do not count. */
  readonly cpuMs: number
  /** Largest resident set of that process. */
  readonly peakBytes: number
  /** What else the work counted, such as bytes read. */
  readonly figures?: Readonly<Record<string, number>>
}

let measurements = 0

/**
 * By GNU time, which asks the kernel when the program has ended; other programs that it started and waited for count. Fails when the program
 * does. `output`: an open file for all that it says.
 */
export async function timeProgram(
  program: string,
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
  { cwd, output }: { readonly cwd?: string | undefined; readonly output?: number } = {},
): Promise<Measured> {
  measurements += 1
  const report = join(tmpdir(), `holdfast-bench-${process.pid}-${measurements}`)
  const startMs = performance.now()
  const child = spawn('/usr/bin/time', ['-q', '-o', report, '-f', '%U %S %M', program, ...args], {
    stdio: ['ignore', output ?? 'ignore', output ?? 'inherit'],
    ...(env ? { env } : {}),
    ...(cwd === undefined ? {} : { cwd }),
  })
  const [code] = await once(child, 'exit')
  const wallMs = performance.now() - startMs
  const [userS = 0, systemS = 0, peakKiB = 0] = readFileSync(report, 'utf8').trim().split(' ').map(Number)
  rmSync(report)
  if (code !== 0) throw new Error(`${program} failed with ${code}`)
  return { wallMs, cpuMs: (userS + systemS) * 1000, peakBytes: peakKiB * 1024 }
}

/** Runs one of our emitted scripts as a release runs, which prints what it measured of itself as JSON: the start of Node does not count, as an engine has started long ago. */
export async function timeScript(script: string, ...args: readonly string[]): Promise<Measured> {
  const child = spawn(process.execPath, ['--no-sparkplug', script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${script} failed with ${code}`)
  return JSON.parse(output) as Measured
}

/** For such a script: measures the work and prints the result. */
export async function reportMeasured(work: () => Promise<Measured['figures'] | undefined>): Promise<void> {
  const startMs = performance.now()
  const before = process.cpuUsage()
  const figures = await work()
  const { user, system } = process.cpuUsage(before)
  const measured: Measured = {
    wallMs: performance.now() - startMs,
    cpuMs: (user + system) / 1000,
    peakBytes: peakOfThis(),
    ...(figures ? { figures } : {}),
  }
  process.stdout.write(JSON.stringify(measured))
}

/** Not `maxRSS` of `getrusage`: that of a process begins with what its parent had at the time of its start. */
function peakOfThis(): number {
  const [, peakKiB] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(peakKiB) * 1024
}

/** Whether a program can be found on the path: a peer that is missing takes no part. */
export function isInstalled(program: string): boolean {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.some((folder) => existsSync(join(folder, program)))
}
