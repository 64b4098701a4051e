// A contest: the same work done by us and by peers in shuffled rounds on one machine.
// Seconds depend on the machine and on who else uses it; what counts are the ratios of the same round.
import type { Measured } from './measure.ts'
import { median } from './median.ts'

export interface Contestant {
  readonly name: string
  readonly run: () => Promise<Measured>
}

/** Without a goal it is there to compare only. */
export interface Peer extends Contestant {
  /** At least so many times its rate. */
  readonly goal?: number
}

/** Something of our own work that must stay small, whoever else takes part. */
export interface Bound {
  readonly name: string
  readonly of: (measured: Measured) => number
  readonly atMost: number
  readonly unit?: 'bytes'
}

export interface Row {
  readonly title: string
  /** Once, before the first round. */
  readonly setup?: () => Promise<unknown>
  /** Before each round, for all alike. */
  readonly prepare?: () => Promise<unknown>
  readonly ours: Contestant
  readonly peers: readonly Peer[]
  readonly bounds?: readonly Bound[]
  /** Peers that could not take part. */
  readonly missing?: readonly string[]
}

/** What sets up a few rows on the same ground, in a folder that is removed afterwards; `scripts` is where our scripts were emitted to. */
export type Ground = (
  folder: string,
  sizeBytes: number,
  scripts: string,
) => Promise<AsyncDisposable & { readonly rows: readonly Row[] }>

/** Medians of the rounds. */
export interface Result {
  readonly name: string
  readonly wallMs: number
  readonly cpuMs: number
  readonly peakBytes: number
}

export interface Against extends Result {
  /** Medians of what the peer took and we took in the same round: above 1 we are quicker. */
  readonly ratio: number
  readonly cpuRatio: number
  readonly goal?: number
}

export interface Kept {
  readonly name: string
  readonly value: number
  readonly atMost: number
  readonly unit?: 'bytes'
}

export interface Score {
  readonly title: string
  readonly ours: Result
  readonly against: readonly Against[]
  readonly bounds: readonly Kept[]
  readonly missing: readonly string[]
}

/** Every contestant runs once a round, in another order each time, after one round that does not count. */
export async function hold(row: Row, rounds: number): Promise<Score> {
  const contestants: readonly Contestant[] = [row.ours, ...row.peers]
  const measured = new Map<Contestant, Measured[]>(contestants.map((contestant) => [contestant, []]))
  await row.setup?.()
  for (let round = 0; round <= rounds; round += 1) {
    await row.prepare?.()
    for (const contestant of shuffled(contestants)) {
      const result = await contestant.run()
      if (round > 0) measured.get(contestant)?.push(result)
    }
  }
  const ours = measured.get(row.ours) ?? []
  return {
    title: row.title,
    ours: resultOf(row.ours.name, ours),
    against: row.peers.map((peer) => {
      const theirs = measured.get(peer) ?? []
      const pairs = ours.map((own, round) => ({ own, other: theirs[round] ?? own }))
      return {
        ...resultOf(peer.name, theirs),
        ratio: median(pairs.map(({ own, other }) => other.wallMs / own.wallMs)),
        cpuRatio: median(pairs.map(({ own, other }) => other.cpuMs / own.cpuMs)),
        ...(peer.goal === undefined ? {} : { goal: peer.goal }),
      }
    }),
    bounds: (row.bounds ?? []).map(({ of, ...bound }) => ({ ...bound, value: Math.max(...ours.map(of)) })),
    missing: row.missing ?? [],
  }
}

const resultOf = (name: string, measured: readonly Measured[]): Result => ({
  name,
  wallMs: median(measured.map(({ wallMs }) => wallMs)),
  cpuMs: median(measured.map(({ cpuMs }) => cpuMs)),
  peakBytes: Math.max(...measured.map(({ peakBytes }) => peakBytes)),
})

const shuffled = <T>(list: readonly T[]): T[] =>
  list
    .map((item) => ({ item, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item)
