// SIGKILL at instants that follow from a seed, while a process performs a crew of shipped runbooks; the next process takes up what is left, and is
// killed as well, several times; the last one brings all to its end.
import { join } from 'node:path'
import { createRandom, type Random } from '../../../src/rehearse/random.ts'
import { type Crew, openCrewOf } from './crew.ts'
import { child, killAtInstant } from './kill.ts'
import { packOf, type Shipped, type Some, some } from './shipped.ts'

export interface InstantsReport {
  /** Processes. */
  readonly killed: number
  /** Runs under way when their process was killed, each counted every time. */
  readonly interrupted: number
  /** The process was done before its time had come. */
  readonly endedFirst: number
  readonly runs: number
  readonly byStatus: Readonly<Record<string, number>>
  /** How often each runbook was interrupted. */
  readonly byRunbook: Readonly<Record<string, number>>
  /** Points and VMs whose bytes were compared and are equal. */
  readonly equal: number
  readonly violations: readonly string[]
}

export interface InstantsOptions {
  readonly scenes: Some<Shipped>
  readonly root: string
  readonly emptyVault: string
  /** Processes to be killed. */
  readonly kills: number
  readonly seed: string
  readonly lanes?: number
  readonly onKilled?: (killed: number) => void
}

const RUNS_AT_ONCE = 10
const KILLS_OF_A_CREW = 10
const FIRST_GUESS_MS = 3000
/** Of the time that a crew takes: most processes shall die before it is done. */
const LATEST = 0.6
/** Of so many crews, one is started by the process that is killed, with worker threads for its vaults. The others it finds in its journal. */
const AS_PRODUCT = 6

/** Throws where a process fails by itself. */
export async function killAtInstants(options: InstantsOptions): Promise<InstantsReport> {
  const { scenes: all, root, emptyVault, kills, seed, lanes = 2, onKilled = () => {} } = options
  // A process that performs runs of one pack has no other to read.
  const byPack = some([...Map.groupBy(all, ({ name }) => packOf(name)).values()].map((scenes) => some(scenes)))
  const counts = { killed: 0, interrupted: 0, endedFirst: 0, runs: 0, equal: 0 }
  const byStatus: Record<string, number> = {}
  const byRunbook: Record<string, number> = {}
  const violations: string[] = []
  let longestMs = FIRST_GUESS_MS
  let crews = 0

  async function killAgainAndAgain(crew: Crew, asProduct: boolean, random: Random): Promise<void> {
    for (let kill = 0; kill < KILLS_OF_A_CREW && counts.killed < kills; kill += 1) {
      const { signal, code, errors, tookMs } = await killAtInstant(
        'crew-child.ts',
        [...(asProduct ? ['threads'] : []), 'go', '0', crew.folder],
        (random.below(1000) / 1000) * LATEST * longestMs,
      )
      if (signal === 'SIGKILL') {
        counts.killed += 1
        for (const runbook of await crew.underWay()) {
          counts.interrupted += 1
          byRunbook[runbook] = (byRunbook[runbook] ?? 0) + 1
        }
        onKilled(counts.killed)
        continue
      }
      if (code !== 0) throw new Error(`a process failed by itself: ${errors}`)
      counts.endedFirst += 1
      // Those that end show how long it takes here.
      longestMs = (longestMs + tookMs) / 2
      return
    }
    const { code, errors } = await child('crew-child.ts', ['go', '0', crew.folder])
    if (code !== 0) throw new Error(`the last process failed by itself: ${errors}`)
  }

  async function lane(): Promise<void> {
    while (counts.killed < kills) {
      const number = crews
      crews += 1
      const random = createRandom(`${seed}/${number}`)
      const asProduct = number % AS_PRODUCT === 0
      const ofOnePack = random.pick(byPack)
      const scenes = Array.from({ length: RUNS_AT_ONCE }, () => random.pick(ofOnePack))
      await using crew = await openCrewOf({
        folder: join(root, `crew-${number}`),
        scenes,
        seed: `${seed}/${number}`,
        emptyVault,
        isPrepared: !asProduct,
      })
      await killAgainAndAgain(crew, asProduct, random)
      for (const judged of await crew.judge()) {
        counts.runs += 1
        counts.equal += judged.equal
        byStatus[judged.status] = (byStatus[judged.status] ?? 0) + 1
        violations.push(...judged.violations.map((line) => `crew ${number}, ${judged.runbook}: ${line}`))
      }
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return { ...counts, byStatus, byRunbook, violations }
}
