// Every shipped runbook of every pack, killed at its journal's records, at its calls and at any instant, and resumed: nothing is left on the
// platform, points in the vault and restored VMs are whole. `npm run kills` does so at thousands of instants.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Crew, makeEmptyVault, openCrewOf } from './crew.ts'
import { type EachOptions, killAtEach, type Point } from './each.ts'
import { killAtInstants } from './instants.ts'
import { byEffort } from './kill.ts'
import { killWithinReaps } from './reaps.ts'
import { type Performable, performable } from './shipped.ts'

let root: string
let emptyVault: string
let known: Performable

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-kill-shipped-'))
  emptyVault = join(root, 'empty-vault')
  await makeEmptyVault(emptyVault)
  known = await performable()
  if (known.others.length > 0) console.log(`not performed: ${known.others.join('; ')}`)
})
afterAll(() => rm(root, { recursive: true }))

/** At the desk, a process that performs every fifth runbook dies once. */
const WHICH = byEffort<Partial<EachOptions>>({ desk: { first: 20, last: 20, lanes: 1 }, ci: { first: 6, stride: 14 }, all: {} })
const EVERY = byEffort({ desk: 5, ci: 1 })

it.each(byEffort<readonly Point[]>({ desk: ['record'], ci: ['record', 'call'] }))(
  'every shipped runbook killed at any %s leaves nothing, and what it makes is whole (P1, P2, P3, P7)',
  async (point) => {
    const crews = new Map<string, Crew>()
    const byStatus: Record<string, number> = {}
    const violations: string[] = []
    let equal = 0

    const performed = () => known.scenes.filter((_, at) => at % EVERY === 0)

    async function folderOf(count: number): Promise<string> {
      const folder = join(root, `${point}-${count}`)
      crews.set(folder, await openCrewOf({ folder, scenes: performed(), seed: `${point}-${count}`, emptyVault }))
      return folder
    }
    async function judge(folder: string, count: number): Promise<void> {
      await using crew = crews.get(folder)
      for (const judged of (await crew?.judge()) ?? []) {
        byStatus[judged.status] = (byStatus[judged.status] ?? 0) + 1
        equal += judged.equal
        violations.push(...judged.violations.map((line) => `${judged.runbook} killed at ${point} ${count}: ${line}`))
      }
    }
    const options = { program: 'crew-child.ts', point, resume: 'go', folderOf, onResumed: judge, ...WHICH } as const
    const killed = await killAtEach(options)
    const which = byEffort({ desk: `one ${point}`, ci: `some ${point}s; HOLDFAST_KILL=all takes each`, all: `each ${point}` })
    console.log(
      `killed ${killed} processes that performed ${performed().length} runbooks, at ${which}:`,
      byStatus,
      `${equal} equal`,
    )
    expect(violations).toEqual([])
    expect(killed).toBeGreaterThan(0)
    expect(equal).toBeGreaterThan(0)
  },
  1_800_000,
)

it('a process killed while it settles what runs owe settles it when it is started again (P2, P3)', async () => {
  const { killed, owed, violations } = await killWithinReaps({
    scenes: known.scenes,
    root,
    emptyVault,
    kills: byEffort({ desk: 1, ci: 4, all: 20 }),
    seed: 'reaps',
  })
  console.log(`killed ${killed} processes that settled ${owed} duties`)
  expect(violations).toEqual([])
  expect(killed).toBeGreaterThan(0)
}, 900_000)

it('shipped runbooks killed at any instant, again and again, leave nothing, and what they make is whole (P1, P2, P3, P7)', async () => {
  const report = await killAtInstants({
    scenes: known.scenes,
    root,
    emptyVault,
    kills: byEffort({ desk: 3, ci: 8, all: 60 }),
    seed: 'instants',
  })
  console.log('killed at any instant', report)
  expect(report.violations).toEqual([])
  expect(report.killed).toBeGreaterThan(0)
}, 1_800_000)
