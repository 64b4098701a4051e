// SIGKILL at instants that follow from a seed, while a process performs one of the shipped runbooks; the next process resumes what it left.
import { createRandom } from '../../../src/rehearse/random.ts'
import { child, killAtInstant } from './kill.ts'
import { SHIPPED, type ShippedRunbook, type ShippedStage } from './shipped.ts'

export interface InstantsReport {
  readonly runs: number
  readonly killed: number
  /** The process was done before its time had come. */
  readonly endedFirst: number
  readonly resumed: number
  readonly byStatus: Readonly<Record<string, number>>
  /** Points and VMs whose bytes were compared and are equal. */
  readonly equal: number
  readonly violations: readonly string[]
}

const LANES = 2
const FIRST_GUESS_MS = 1000

/** Throws where a process fails by itself. The leaks of the platform are for the caller to ask for. */
export async function killShippedAtInstants(stage: ShippedStage, runs: number, seed: string): Promise<InstantsReport> {
  const random = createRandom(seed)
  // Drawn in order, so that the same seed gives the same kills however fast the lanes are.
  const drawn = Array.from({ length: runs }, (_, number) => ({
    number,
    runbook: random.pick(SHIPPED),
    part: random.below(1000) / 1000,
  }))
  const longestMs = new Map<ShippedRunbook, number>()
  const queue = drawn.values()
  const counts = { killed: 0, endedFirst: 0, resumed: 0, equal: 0 }
  const byStatus: Record<string, number> = {}
  const violations: string[] = []

  async function judge(folder: string, label: string): Promise<void> {
    const judged = await stage.judge(folder)
    byStatus[judged.status] = (byStatus[judged.status] ?? 0) + 1
    counts.equal += judged.equal
    violations.push(...judged.violations.map((line) => `${label}: ${line}`))
  }

  async function lane(): Promise<void> {
    let left: { readonly folder: string; readonly label: string } | undefined
    const resume = (): readonly string[] => (left ? ['resume', '0', left.folder] : [])
    const settle = async (): Promise<void> => {
      if (!left) return
      counts.resumed += 1
      await judge(left.folder, left.label)
      left = undefined
    }
    for (const { number, runbook, part } of queue) {
      const folder = await stage.folderOf(runbook, `${seed}-${number}-${runbook}`)
      const longest = longestMs.get(runbook) ?? FIRST_GUESS_MS
      const { signal, code, errors, tookMs } = await killAtInstant('scp', [...resume(), 'run', '0', folder], part * longest)
      await settle()
      const label = `${runbook} ${number}`
      if (signal === 'SIGKILL') {
        counts.killed += 1
        left = { folder, label }
      } else if (code === 0) {
        // Those that end show how long one takes here.
        longestMs.set(runbook, Math.max(tookMs, longest))
        counts.endedFirst += 1
        await judge(folder, label)
      } else throw new Error(`${label} failed by itself: ${errors}`)
    }
    const { code, errors } = await child('scp', resume())
    if (code !== 0) throw new Error(`the last resume failed: ${errors}`)
    await settle()
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return { runs, ...counts, byStatus, violations }
}
