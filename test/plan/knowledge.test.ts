// What a plan makes of what it is told: answers, failures that a catch waits for or that nobody expects, and what it must not ask.
import { describe, expect, it } from 'vitest'
import type { CallCommand } from '../../src/kernel/index.ts'
import { parseRunbook } from '../../src/language/index.ts'
import type { Catalogue, Failure } from '../../src/packs/index.ts'
import { byReading, fromRun, type Plan, type PlanStep, planRunbook, type Told } from '../../src/plan/index.ts'
import type { JsonObject } from '../../src/values/index.ts'
import { block, program } from '../kernel/build.ts'

const known = program(block([]))
const listing = {
  ...known.actions['t/list'],
  input: { type: 'object', properties: { of: {}, name: {} } },
  output: { type: 'object', properties: { vms: { type: 'array' }, kind: { type: 'string' } } },
  failures: { gone: { message: 'it is gone', retryable: false, applied: 'no' } },
}
const catalogue = {
  packs: {},
  actionsOf: () => Object.keys(known.actions),
  action: (name: string) => (name === 't/list' ? listing : known.actions[name]),
  resource: (name: string) => known.resources[name],
  connection: () => undefined,
  runbook: () => undefined,
  runbookNames: () => [],
} as unknown as Catalogue

const head = 'runbook: 1\nname: test/plan\nversion: 1.0.0\nuse:\n  t: t@^1.0.0\nsteps:\n'

interface Asked {
  readonly made: Plan
  readonly calls: readonly CallCommand[]
  readonly pausesMs: readonly number[]
}

async function planWith(text: string, tell: (command: CallCommand) => Told, inputs: JsonObject = {}): Promise<Asked> {
  const { runbook, diagnostics } = parseRunbook(head + text, 'test.yaml')
  if (!runbook) throw new Error(diagnostics.map((each) => each.message).join('\n'))
  const calls: CallCommand[] = []
  const pausesMs: number[] = []
  const knowledge = byReading(
    async (_, command) => {
      calls.push(command)
      return tell(command)
    },
    async (durationMs) => void pausesMs.push(durationMs),
  )
  const basis = { kind: 'read', at: '2026-01-01T00:00:00Z' } as const
  return { made: await planRunbook({ runbook, catalogue, inputs, targets: {}, knowledge, basis }), calls, pausesMs }
}

const output = (value: JsonObject): Told => ({ kind: 'output', output: value })
const failed = (type: string, more: Partial<Failure> = {}): Told => ({
  kind: 'failure',
  failure: { type, message: `it ${type}`, retryable: false, applied: 'no', ...more },
})
const flat = (steps: readonly PlanStep[]): readonly PlanStep[] => steps.flatMap((step) => [step, ...flat(step.steps)])
const seen = ({ steps }: Plan) => flat(steps).map(({ path, certainty }) => `${path} ${certainty}`)

const CAUGHT = `
  - id: careful
    scope:
      steps:
        - id: look
          uses: t/list
        - id: act
          uses: t/store
      catch:
        on: [gone]
        steps:
          - id: say
            uses: t/note
`

describe('a plan that reads', () => {
  it('takes conditions and loops as they are', async () => {
    const { made } = await planWith(
      `
  - { id: look, uses: t/list }
  - { id: one, if: '\${ steps.look.kind = "a" }', uses: t/note }
  - { id: two, if: '\${ steps.look.kind = "b" }', uses: t/note }
  - id: all
    foreach: { in: '\${ steps.look.vms }', as: vm, key: '\${ vm }', steps: [{ id: touch, uses: t/note, with: { name: '\${ vm }' } }] }
`,
      () => output({ kind: 'a', vms: ['x', 'y'] }),
    )
    expect(seen(made)).toEqual(['look will', 'one will', 'all will', 'all[x]/touch will', 'all[y]/touch will'])
  })

  it('leaves unknown what a failed read would have told, and shows the failure', async () => {
    const { made } = await planWith(
      "\n  - { id: look, uses: t/list }\n  - { id: one, if: '${ steps.look.kind = 1 }', uses: t/note }\n",
      () => failed('notPermitted'),
    )
    expect(seen(made)).toEqual(['look will', 'one may'])
    expect(made.reads).toEqual([
      {
        path: 'look',
        action: 't/list',
        input: {},
        result: { kind: 'failure', type: 'notPermitted', message: 'it notPermitted' },
      },
    ])
  })

  it('goes into the catch that waits for the failure, and nowhere else', async () => {
    expect(seen((await planWith(CAUGHT, () => failed('gone'))).made)).toEqual([
      'careful will',
      'careful/look will',
      'careful!catch/say onFailure',
    ])
    const { made, calls } = await planWith(CAUGHT, () => output({ kind: 'a' }))
    expect(seen(made)).not.toContain('careful!catch/say onFailure')
    expect(calls).toHaveLength(1)
  })

  it('tries again as often and as late as the kernel does', async () => {
    let left = 2
    const { made, calls, pausesMs } = await planWith('\n  - { id: look, uses: t/list }\n', () =>
      left-- > 0 ? failed('notReachable', { retryable: true }) : output({ kind: 'a' }),
    )
    expect(calls.map(({ attempt }) => attempt)).toEqual([1, 2, 3])
    expect(pausesMs.map((ms) => Math.ceil(ms / 1000))).toEqual([1, 2])
    expect(made.reads[0]?.result.kind).toBe('output')
    const { calls: all } = await planWith('\n  - { id: look, uses: t/list }\n', () => failed('notReachable', { retryable: true }))
    expect(all).toHaveLength(5)
  })

  it('asks nothing that depends on what a change would make, on the run itself, or on what it could not read', async () => {
    const { made, calls } = await planWith(
      `
  - { id: change, uses: t/snapshot.create, with: { name: a } }
  - { id: ofHandle, uses: t/list, with: { of: '\${ steps.change.handle }' } }
  - { id: ofName, uses: t/list, with: { name: '\${ "x-" & run.id }' } }
  - { id: ofTime, uses: t/list, with: { name: '\${ run.startedAt }' } }
  - { id: free, uses: t/list, with: { name: b } }
`,
      () => output({ kind: 'a' }),
    )
    expect(calls.map(({ path }) => path)).toEqual(['free'])
    expect(made.reads.map(({ path }) => path)).toEqual(['free'])
  })

  it('looks once where a run would wait, and does not know what was not so at once', async () => {
    const text = `
  - { id: look, uses: t/list, until: '\${ result.kind = "done" }', every: 1s }
  - { id: then, if: '\${ steps.look.kind = "done" }', uses: t/note }
`
    expect(seen((await planWith(text, () => output({ kind: 'done' }))).made)).toEqual(['look will', 'then will'])
    const { made, calls } = await planWith(text, () => output({ kind: 'busy' }))
    expect(seen(made)).toEqual(['look will', 'then may'])
    expect(calls.map(({ poll }) => poll)).toEqual([undefined])
  })
})

describe('a plan from an earlier run', () => {
  const text = `
  - { id: look, uses: t/list, with: { name: '\${ "x-" & run.id }' } }
  - { id: other, uses: t/list, with: { name: '\${ steps.look.kind }' } }
`
  async function planFrom(calls: Parameters<typeof fromRun>[1]): Promise<Plan> {
    const { runbook } = parseRunbook(head + text, 'test.yaml')
    if (!runbook) throw new Error('it cannot be read')
    const knowledge = fromRun('run-7', calls)
    return planRunbook({ runbook, catalogue, inputs: {}, targets: {}, knowledge, basis: { kind: 'run', run: 'run-7' } })
  }
  const call = { path: 'look', action: 't/list', input: { name: 'x-run-7' }, output: { kind: 'b' } }

  it('takes the answers that the run was given to the same questions', async () => {
    const made = await planFrom([call])
    expect(made.basis).toEqual({ kind: 'run', run: 'run-7' })
    expect(made.reads).toEqual([])
    expect(flat(made.steps).at(1)?.input).toEqual({ name: 'b' })
  })

  it('does not know what was asked otherwise, or elsewhere', async () => {
    for (const other of [
      { ...call, path: 'there' },
      { ...call, action: 't/note' },
      { ...call, input: { name: 'x-run-8' } },
    ])
      expect(flat((await planFrom([other])).steps).at(1)?.input).toEqual({ name: { $unknown: 'steps.look.kind' } })
  })
})
