// Every shipped runbook, killed at its journal's records, at its calls and at any instant, and resumed: no leak on the platform, whole
// points in the vault. `npm run kills` does so at more instants.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { killShippedAtInstants } from './instants.ts'
import { killAtEach, takesAll } from './kill.ts'
import type { Point } from './killing.ts'
import { openShipped, SHIPPED, type ShippedRunbook, type ShippedStage } from './shipped.ts'

/** At the desk the group backup stands for all: of the others, only two kills. */
const strideOf = (runbook: ShippedRunbook) => {
  if (takesAll) return { stride: 1 }
  return runbook === 'consistency-group-backup' ? { stride: 16 } : { stride: 8, last: 9 }
}

let root: string
let stage: ShippedStage

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-kill-scp-'))
  stage = await openShipped(root)
})
afterAll(async () => {
  await stage[Symbol.asyncDispose]()
  await rm(root, { recursive: true })
})

const POINTS: readonly (readonly [ShippedRunbook, Point])[] = [
  ...SHIPPED.map((runbook) => [runbook, 'record'] as const),
  ['consistency-group-backup', 'call'],
]

it.each(POINTS)(
  '%s killed at any %s leaks nothing, and what it makes is whole (P1, P2, P3, P7)',
  async (runbook, point) => {
    const folderOf = (name: string) => stage.folderOf(runbook, `${runbook}-${name}`)
    const killed = await killAtEach('scp', { point, folderOf, ...strideOf(runbook) })
    let [succeeded, equal] = [0, 0]
    for (const { folder, count } of killed) {
      const judged = await stage.judge(folder)
      expect(judged.violations, `killed at ${point} ${count}`).toEqual([])
      if (judged.status === 'succeeded') succeeded += 1
      equal += judged.equal
    }
    const which = takesAll ? `at each ${point}` : `at some ${point}s; HOLDFAST_KILL=all takes each`
    console.log(`killed and resumed ${killed.length} × ${runbook} ${which}: ${succeeded} succeeded, ${equal} equal to their VMs`)
    expect(killed.length).toBeGreaterThan(0)
    expect(stage.leaks()).toEqual([])
  },
  900_000,
)

it('shipped runbooks killed at any instant leak nothing, and what they make is whole (P1, P2, P3, P7)', async () => {
  const report = await killShippedAtInstants(stage, takesAll ? 60 : 8, 'instants')
  console.log('killed at any instant', report)
  expect(report.violations).toEqual([])
  expect(report.killed).toBeGreaterThan(0)
  expect(stage.leaks()).toEqual([])
}, 900_000)
