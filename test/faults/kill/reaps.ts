// SIGKILL while a process settles what runs owe: their platforms went down while they held something, so that no release worked, and are
// back again.
import { join } from 'node:path'
import { createRandom, type Random } from '../../../src/rehearse/random.ts'
import { type Crew, openCrewOf } from './crew.ts'
import type { InstantsOptions } from './instants.ts'
import { child, killAtInstant } from './kill.ts'

export interface ReapsReport {
  /** Processes that were killed while something was owed. */
  readonly killed: number
  /** Duties that were open when the platforms were back. */
  readonly owed: number
  readonly violations: readonly string[]
}

const RUNS_AT_ONCE = 6
const MOST_DUTIES = 5
const LOOKS_EVERY_MS = 30
const FIRST_GUESS_MS = 600
/** A crew of which nothing is ever owed is given up on, and so many in a row mean that there is something wrong here. */
const MOST_IN_VAIN = 20

export async function killWithinReaps({ scenes: all, root, emptyVault, kills, seed }: InstantsOptions): Promise<ReapsReport> {
  const violations: string[] = []
  let [killed, owed, inVain] = [0, 0, 0]
  let longestMs = FIRST_GUESS_MS

  /** True when nothing is owed any more. */
  async function killOnce(crew: Crew, random: Random): Promise<boolean> {
    const afterMs = (random.below(1000) / 1000) * longestMs
    const { signal, code, errors, tookMs } = await killAtInstant('crew-child.ts', ['go', '0', crew.folder], afterMs)
    if (signal === 'SIGKILL') {
      if ((await crew.owed()) === 0) return true
      killed += 1
      return false
    }
    if (code !== 0) throw new Error(`a process that settles failed by itself: ${errors}`)
    longestMs = (longestMs + tookMs) / 2
    return true
  }

  for (let number = 0; killed < kills && inVain < MOST_IN_VAIN; number += 1) {
    const random = createRandom(`${seed}/${number}`)
    const scenes = Array.from({ length: RUNS_AT_ONCE }, () => random.pick(all))
    await using crew = await openCrewOf({ folder: join(root, `reaped-${number}`), scenes, seed: `${seed}/${number}`, emptyVault })
    await runIntoOutage(crew, 1 + random.below(MOST_DUTIES))
    const open = await crew.owed()
    owed += open
    inVain = open > 0 ? 0 : inVain + 1
    while (killed < kills) if (await killOnce(crew, random)) break
    const { code, errors } = await child('crew-child.ts', ['go', '0', crew.folder])
    if (code !== 0) throw new Error(`the last process failed by itself: ${errors}`)
    for (const judged of await crew.judge())
      violations.push(...judged.violations.map((line) => `crew ${number}, ${judged.runbook}: ${line}`))
  }
  return { killed, owed, violations }
}

/** Performs the crew; its platforms are down from when so many duties are open until all runs have ended. */
async function runIntoOutage(crew: Crew, duties: number): Promise<void> {
  const setDown = (isDown: boolean): void => {
    for (const far of crew.farSides) far.setDown(isDown)
  }
  let isOver = false
  async function watch(): Promise<void> {
    while (!isOver && (await crew.owed()) < duties) await new Promise((resolve) => setTimeout(resolve, LOOKS_EVERY_MS))
    setDown(true)
  }
  const watching = watch()
  const { code, errors } = await child('crew-child.ts', ['go', '0', crew.folder])
  isOver = true
  await watching
  setDown(false)
  if (code !== 0) throw new Error(`a process whose platforms were down failed by itself: ${errors}`)
}
