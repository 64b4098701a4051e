// Laws of what a plan says of holds, over runbooks that nobody wrote: the unwinding after each step is the kernel's own, asked by
// cancelling a run there, and a window holds exactly the steps between the acquiring call and the end of the release. [P2, P4, P10]
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { link, type Program } from '../../src/kernel/index.ts'
import type { Step } from '../../src/language/index.ts'
import { type Plan, type PlanStep, planRunbook } from '../../src/plan/index.ts'
import { block, foreach, scope, uses } from '../kernel/build.ts'
import { shapes, toRunbook } from '../kernel/random-runbooks.ts'
import { catalogueFor, drive, runbookOf } from '../plan/from-blocks.ts'

const RUNBOOKS = 300

type Tree = Parameters<typeof toRunbook>[0]
/** Where something fails, which of two that run at the same time comes first decides what is held. */
const failsNot = (tree: Tree): boolean => !/"kind":"fail"|"fits":false|"kind":"end"/.test(JSON.stringify(tree))

async function planned(tree: Tree): Promise<{ plan: Plan; program: Program }> {
  const body = toRunbook(tree)
  const catalogue = catalogueFor(body)
  const runbook = runbookOf(body)
  return { plan: await planRunbook({ runbook, catalogue, inputs: {}, targets: {} }), program: link(runbook, catalogue) }
}

const flat = (steps: readonly PlanStep[]): readonly PlanStep[] => steps.flatMap((step) => [step, ...flat(step.steps)])
const plain = (plan: Plan): readonly PlanStep[] => flat(plan.steps).filter(({ path }) => !path.includes('!catch'))

/**
 * Ids in the order of their releases when the run is cancelled right after the step; undefined where the step never ends. `failing` is
 * the path of a step that fails.
 */
async function releasesAfter(program: Program, path: string, failing?: string): Promise<readonly string[] | undefined> {
  let order: string[] | undefined
  await drive(program, (command, state) => {
    if (command.kind === 'evaluate' && command.path === failing) {
      const failure = { type: 'failed', message: 'it fails', retryable: false, applied: 'no' } as const
      return { kind: 'evaluationFailed', id: command.id, failure }
    }
    if (command.kind === 'call' && command.purpose === 'release') {
      if (order && !order.includes(command.path)) order.push(command.path)
      return undefined
    }
    const ends = command.kind === 'report' && command.report.kind === 'stepEnded' && command.report.path === path
    if (!ends || order) return undefined
    order = Object.values(state.obligations).flatMap((each) => (each.state === 'releasing' ? [each.id] : []))
    return { kind: 'cancelRequested', reason: 'to see' }
  })
  return order
}

/** By hold, the steps that started between its call's success and the end of its release, inside the block that owns it. */
async function stepsWhileHeld(program: Program): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const found = new Map<string, Set<string>>()
  const open = new Map<string, string>()
  await drive(program, (command) => {
    if (command.kind !== 'report') return undefined
    const { report } = command
    if (report.kind === 'obligation') {
      const { id, state, owner } = report.obligation
      if (state === 'held') open.set(id, owner)
      if (state === 'held') found.set(id, found.get(id) ?? new Set())
      if (state === 'released' || state === 'kept') open.delete(id)
    }
    if (report.kind === 'stepStarted')
      for (const [id, owner] of open) if (owner === 'run' || report.path.startsWith(`${owner}/`)) found.get(id)?.add(report.path)
    return undefined
  })
  return found
}

describe('what a plan says of holds', () => {
  it('is after every step what the kernel lets go when the run is cancelled there, in that order', async () => {
    let compared = 0
    await fc.assert(
      fc.asyncProperty(shapes.filter(failsNot), async (tree) => {
        const { plan, program } = await planned(tree)
        for (const { path, unwind } of plain(plan)) {
          const real = await releasesAfter(program, path)
          if (real === undefined) continue
          expect(unwind, `after ${path}`).toEqual(real)
          compared += real.length
        }
      }),
      { numRuns: RUNBOOKS },
    )
    expect(compared).toBeGreaterThan(RUNBOOKS / 2)
  })

  it('is for every window exactly the steps between', async () => {
    let compared = 0
    await fc.assert(
      fc.asyncProperty(shapes.filter(failsNot), async (tree) => {
        const { plan, program } = await planned(tree)
        const real = await stepsWhileHeld(program)
        for (const { path, window } of plan.holds.filter((hold) => !hold.path.includes('!catch'))) {
          const during = window.during.filter((each) => !each.includes('!catch'))
          expect([...during].toSorted(), `while ${path} is held`).toEqual([...(real.get(path) ?? [])].toSorted())
          compared += during.length
        }
      }),
      { numRuns: RUNBOOKS },
    )
    expect(compared).toBeGreaterThan(RUNBOOKS / 2)
  })

  it('is in a catch what the kernel lets go when that item of a loop fails and the others do not', async () => {
    const hold = fc.constantFrom('none', 'inner', 'outer')
    const shape = fc.record({ items: fc.integer({ min: 2, max: 4 }), before: hold, tried: hold, after: hold, last: fc.boolean() })
    let compared = 0
    await fc.assert(
      fc.asyncProperty(shape, async ({ items, before, tried, after, last }) => {
        const held = (id: string, where: string): Step[] =>
          where === 'none' ? [] : [uses(id, 't/snapshot.create', { name: id }, where === 'outer' ? { owner: 'outer' } : {})]
        const attempt = scope('attempt', block([uses('first', 't/note'), ...held('tried', tried)]), {
          catch: { body: block([uses('told', 't/note')]) },
        })
        const keys = ['a', 'b', 'c', 'd'].slice(0, items)
        const loop = foreach('each', keys, 'item', '$.item', block([...held('before', before), attempt, ...held('after', after)]))
        const body = block([scope('outer', block([loop, ...(last ? [uses('last', 't/note')] : [])]))])
        const [catalogue, runbook] = [catalogueFor(body), runbookOf(body)]
        const plan = await planRunbook({ runbook, catalogue, inputs: {}, targets: {} })
        const program = link(runbook, catalogue)
        for (const key of keys) {
          const path = `outer/each[${key}]/attempt!catch/told`
          const real = await releasesAfter(program, path, `outer/each[${key}]/attempt/first`)
          expect(flat(plan.steps).find((step) => step.path === path)?.unwind, `after ${path}`).toEqual(real)
          compared += real?.length ?? 0
        }
        expect(plan.complete).toBe(true)
      }),
      { numRuns: RUNBOOKS / 3 },
    )
    expect(compared).toBeGreaterThan(RUNBOOKS / 2)
  })
})
