// The law of plans: what a run does, whatever befalls it, is in its plan. Over runbooks that nobody wrote, under random trouble, and
// over every runbook that ships, in every state that verify reaches and on random ways through more faults than it tries. [P10]
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { apply, type Command } from '../../src/kernel/index.ts'
import { type Block, type Runbook, runbookCallsIn, type Step, type Template } from '../../src/language/index.ts'
import { type Catalogue, createCatalogue, type Pack } from '../../src/packs/index.ts'
import { listingOf, type Plan, type PlanStep, planRunbook } from '../../src/plan/index.ts'
import { type Json, unknown } from '../../src/values/index.ts'
import { search } from '../../src/verify/index.ts'
import { perform } from '../../src/verify/perform.ts'
import { firstNode, openOptions } from '../../src/verify/search.ts'
import { createUnknowns } from '../../src/verify/unknowns.ts'
import { block, program, template } from '../kernel/build.ts'
import { choicesOf, shapes, toRunbook, trouble } from '../kernel/random-runbooks.ts'
import { play } from '../kernel/world.ts'
import { requestOf, shipped, subjectOf } from '../verify/shipped.ts'

/** What of a run its plan does not list; sentences. */
function beyond(plan: Plan, commands: Iterable<Command>): readonly string[] {
  const listing = listingOf(plan)
  const found = new Set<string>()
  for (const command of commands) {
    if (command.kind === 'call' && !listing.lists(command)) found.add(`${command.purpose} ${command.action} at ${command.path}`)
    if (command.kind !== 'report' || command.report.kind !== 'obligation') continue
    const { obligation } = command.report
    // What could not be released becomes the run's own, later.
    if (obligation.state === 'intended' && !listing.holdsAs(obligation))
      found.add(`${obligation.type} at ${obligation.id}, owned by ${obligation.owner}`)
  }
  return [...found]
}

/** The plan without one of its steps. */
const without = (plan: Plan, path: string): Plan => {
  const keep = (steps: readonly PlanStep[]): readonly PlanStep[] =>
    steps.filter((step) => step.path !== path).map((step) => ({ ...step, steps: keep(step.steps) }))
  return { ...plan, steps: keep(plan.steps) }
}

const local = <T>(record: Readonly<Record<string, T>>) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name.slice('t/'.length), value]))
const { actions, resources } = program(block([]))
const pack: Pack = {
  name: 't',
  version: '1.0.0',
  title: 't',
  connections: {},
  resources: local(resources),
  actions: local(actions),
  completions: {},
  pagings: {},
  hash: '',
}

/** The pack, and the runbooks that are called. */
const catalogueFor = ({ steps }: Block): Catalogue => createCatalogue([pack], calledIn(steps))
const calledIn = (steps: readonly Step[]): Record<string, Runbook> =>
  Object.assign(
    {},
    ...runbookCallsIn(steps).map(({ runbook, called }) => (called ? { [runbook]: called, ...calledIn(called.steps) } : {})),
  )
const span = { file: 'test', start: 0, end: 0 }
const runbookOf = ({ steps }: Block): Runbook => ({
  format: 1,
  name: 'test',
  version: '1.0.0',
  uses: [{ alias: 't', pack: 't', range: '^1.0.0', span }],
  targets: [],
  steps,
  outputs: [],
  span,
})

/** The same runbook with values that a plan is not told: conditions, lists and choices that come from inputs. */
function openedUp(made: Block, choice: (sides: number) => number, inputs: Record<string, Json>): Block {
  const asInput = (value: Template, name: string): Template => {
    if (choice(2) === 0 || !isLiteral(value)) return value
    inputs[name] = plainOf(value)
    return template(`$.inputs.${name}`)
  }
  const open = (each: Step): Step => {
    const guard = choice(4) === 0 ? { if: asInput(template(choice(2) === 0), `if_${each.id}`) } : {}
    switch (each.kind) {
      case 'foreach':
        return { ...each, ...guard, in: asInput(each.in, `in_${each.id}`), body: inside(each.body) }
      case 'switch': {
        const cases = each.cases.map((one) => ({ ...one, body: inside(one.body) }))
        return { ...each, ...guard, on: asInput(each.on, `on_${each.id}`), cases }
      }
      case 'scope':
        return { ...each, ...guard, body: inside(each.body) }
      case 'parallel':
        return { ...each, ...guard, branches: each.branches.map((branch) => ({ ...branch, body: inside(branch.body) })) }
      default:
        return { ...each, ...guard }
    }
  }
  const inside = (body: Block): Block => ({ ...body, steps: body.steps.map(open) })
  return inside(made)
}

const isLiteral = (value: Template): boolean => !JSON.stringify(value).includes('"expression"')
const plainOf = (value: Template): Json => {
  switch (value.kind) {
    case 'literal':
      return value.value
    case 'list':
      return value.items.map(plainOf)
    case 'map':
      return Object.fromEntries(value.entries.map((entry) => [entry.name, plainOf(entry.value)]))
    case 'expression':
      throw new Error('it is no literal')
  }
}

const RUNBOOKS = 800

describe('what any run does', () => {
  it('is in its plan, for runbooks that nobody wrote, under any trouble [P10]', async () => {
    const figures = { runs: 0, incomplete: 0, calls: 0 }
    await fc.assert(
      fc.asyncProperty(shapes, fc.array(trouble, { minLength: 4, maxLength: 4 }), async (tree, troubles) => {
        const made = toRunbook(tree)
        const plan = await planRunbook({ runbook: runbookOf(made), catalogue: catalogueFor(made), inputs: {}, targets: {} })
        for (const each of troubles) {
          const { commands, calls } = play(program(made), choicesOf(each))
          figures.runs += 1
          figures.calls += calls.length
          if (plan.complete) expect(beyond(plan, commands)).toEqual([])
        }
        if (!plan.complete) figures.incomplete += 1
      }),
      { numRuns: RUNBOOKS },
    )
    const { runs, incomplete, calls } = figures
    console.info(
      `${RUNBOOKS} generated runbooks, ${runs} runs, ${calls} calls: all planned; ${incomplete} plans too large to be complete`,
    )
    expect(incomplete).toBeLessThan(RUNBOOKS / 10)
  }, 60_000)

  it('is in its plan, where the plan knows neither conditions nor lists nor choices [P10]', async () => {
    const figures = { runs: 0, incomplete: 0, calls: 0, open: 0 }
    await fc.assert(
      fc.asyncProperty(shapes, fc.array(trouble, { minLength: 2, maxLength: 2 }), fc.nat(), async (tree, troubles, seed) => {
        const inputs: Record<string, Json> = {}
        const made = openedUp(toRunbook(tree), dice(seed), inputs)
        const unknowns = Object.fromEntries(Object.keys(inputs).map((name) => [name, unknown(`inputs.${name}`)]))
        const plan = await planRunbook({ runbook: runbookOf(made), catalogue: catalogueFor(made), inputs: unknowns, targets: {} })
        figures.open += Object.keys(inputs).length
        for (const each of troubles) {
          const { commands, calls } = play(program(made), choicesOf(each), inputs)
          figures.runs += 1
          figures.calls += calls.length
          if (plan.complete) expect(beyond(plan, commands)).toEqual([])
        }
        if (!plan.complete) figures.incomplete += 1
      }),
      { numRuns: RUNBOOKS },
    )
    const { runs, incomplete, calls, open } = figures
    console.info(
      `${RUNBOOKS} generated runbooks with ${open} unknown values, ${runs} runs, ${calls} calls: all planned; ${incomplete} plans too large to be complete`,
    )
    expect(incomplete).toBeLessThan(RUNBOOKS / 10)
  }, 60_000)

  it('is found missing when a step is taken out of the plan', async () => {
    const made = toRunbook([
      { kind: 'scope', caught: false, locked: false, max: false, steps: [{ kind: 'snapshot', outlives: false }] },
    ])
    const plan = await planRunbook({ runbook: runbookOf(made), catalogue: catalogueFor(made), inputs: {}, targets: {} })
    const { commands } = play(program(made))
    expect(beyond(plan, commands)).toEqual([])
    const [hold] = plan.holds
    expect(beyond(without(plan, hold?.path ?? ''), commands)).toEqual([`step t/snapshot.create at ${hold?.path}`])
    expect(beyond({ ...plan, holds: [] }, commands)).toEqual([
      `t/Snapshot at ${hold?.path}, owned by ${hold?.owner}`,
      `release t/snapshot.delete at ${hold?.path}`,
    ])
  })
})

/** Small numbers that look random; the same for the same seed. */
function dice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * sides)
  }
}

/** The states that one fault leads to are all looked into, but for the largest runbook. */
const MOST_STATES = 8000
const WALKS = 60
const MOST_MOVES = 1500

describe.each(shipped)('%s', (file) => {
  it('does what its plan lists and nothing else, whatever goes wrong [P10]', async () => {
    const plan = await planRunbook(requestOf(file))
    expect(plan.complete).toBe(true)
    const seen = new Map<string, Command>()
    const subject = {
      ...subjectOf(file),
      apply: (...args: Parameters<typeof apply>) => {
        const commands = apply(...args)
        for (const command of commands) {
          if (command.kind === 'call') seen.set(`${command.purpose} ${command.action} ${command.path}`, command)
          if (command.kind !== 'report' || command.report.kind !== 'obligation') continue
          const { id, state } = command.report.obligation
          seen.set(`${id} ${state}`, command)
        }
        return commands
      },
    }
    const { states, complete } = await search(subject, { faults: 1, maxStates: MOST_STATES, maxViolations: 1 })
    let moves = 0
    let faults = 0
    const unknowns = createUnknowns(subject)
    for (let walk = 0; walk < WALKS; walk += 1) {
      const roll = dice(walk + 1)
      const node = firstNode(subject)
      for (let move = 0; move < MOST_MOVES && !(node.world.finished && move > 1); move += 1) {
        const options = await openOptions(subject, unknowns, node)
        // Now and then something goes wrong, in later walks more rarely.
        const bad = roll(10 + walk) === 0
        const fitting = options.filter(({ cost }) => cost > 0 === bad)
        const option = (fitting.length > 0 ? fitting : options)[roll(fitting.length || options.length)]
        if (!option) break
        perform(subject, unknowns, node, option)
        moves += 1
        faults += option.cost
      }
    }
    console.info(
      `${file}: ${states} states${complete ? '' : ' (not all)'} with one fault, ${WALKS} random runs of ${moves} moves with ${faults} faults: ` +
        `${seen.size} different calls and obligations, all planned`,
    )
    const made = [...seen.values()]
    expect(beyond(plan, made)).toEqual([])

    // The judge can say no: without any one of the steps that were called, something is missing.
    const called = made.flatMap((command) => (command.kind === 'call' && command.purpose === 'step' ? [command.path] : []))
    const { stepOf } = listingOf(plan)
    for (const path of new Set(called.flatMap((each) => stepOf(each) ?? [])))
      expect(beyond(without(plan, path), made), `without ${path}`).not.toEqual([])
  }, 60_000)
})
