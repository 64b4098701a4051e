// A contest: the same work done by us and by peers in shuffled rounds on one machine, and the ratio of the medians.
// Seconds depend on the machine; ratios are what counts.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Measured {
  readonly wallMs: number
  /** Largest resident set of the process that did the work. */
  readonly peakBytes?: number
}

export interface Contestant {
  readonly name: string
  readonly run: () => Promise<Measured>
}

export interface Row {
  readonly title: string
  readonly ours: Contestant
  /** Each with the goal: at least so many times its rate. */
  readonly peers: readonly (Contestant & { readonly goal: number })[]
}

/** What sets up a few rows on the same ground, in a folder that is removed afterwards. */
export type Ground = (folder: string, sizeBytes: number) => Promise<AsyncDisposable & { readonly rows: readonly Row[] }>

export interface Score {
  readonly title: string
  readonly ourMs: number
  readonly peakBytes: number | undefined
  readonly against: readonly { readonly peer: string; readonly peerMs: number; readonly ratio: number; readonly goal: number }[]
}

/** Every contestant runs once a round, in another order each time, after one round that does not count. */
export async function hold(row: Row, rounds: number): Promise<Score> {
  const contestants = [row.ours, ...row.peers]
  const measured = new Map<Contestant, Measured[]>(contestants.map((contestant) => [contestant, []]))
  for (let round = 0; round <= rounds; round += 1) {
    for (const contestant of shuffled(contestants)) {
      const result = await contestant.run()
      if (round > 0) measured.get(contestant)?.push(result)
    }
  }
  const medianMs = (contestant: Contestant) => median((measured.get(contestant) ?? []).map(({ wallMs }) => wallMs))
  const ourMs = medianMs(row.ours)
  const peaks = (measured.get(row.ours) ?? []).flatMap(({ peakBytes }) => (peakBytes === undefined ? [] : [peakBytes]))
  return {
    title: row.title,
    ourMs,
    peakBytes: peaks.length > 0 ? Math.max(...peaks) : undefined,
    against: row.peers.map((peer) => {
      const peerMs = medianMs(peer)
      return { peer: peer.name, peerMs, ratio: peerMs / ourMs, goal: peer.goal }
    }),
  }
}

/** Times a program from its start to its end; fails when the program does. */
export async function timeProgram(program: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Measured> {
  const startMs = performance.now()
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'], ...(env ? { env } : {}) })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${program} failed with ${code}`)
  return { wallMs: performance.now() - startMs }
}

/** Runs one of our scripts, which prints what it measured of itself as JSON: the start of Node does not count, as an engine has started long ago. */
export async function timeScript(script: string, ...args: readonly string[]): Promise<Measured> {
  const child = spawn(process.execPath, [...process.execArgv, script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${script} failed with ${code}`)
  return JSON.parse(output) as Measured
}

/** For such a script: measures the work and prints the result. */
export async function reportMeasured(work: () => Promise<unknown>): Promise<void> {
  const startMs = performance.now()
  await work()
  const measured: Measured = { wallMs: performance.now() - startMs, peakBytes: process.resourceUsage().maxRSS * 1024 }
  process.stdout.write(JSON.stringify(measured))
}

function median(values: readonly number[]): number {
  const ordered = values.toSorted((a, b) => a - b)
  const middle = Math.floor(ordered.length / 2)
  const upper = ordered[middle] ?? Number.NaN
  return ordered.length % 2 === 1 ? upper : (upper + (ordered[middle - 1] ?? Number.NaN)) / 2
}

const shuffled = <T>(list: readonly T[]): T[] =>
  list
    .map((item) => ({ item, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item)
