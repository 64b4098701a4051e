import { describe, expect, it } from 'vitest'
import { link } from '../../src/kernel/index.ts'
import { parseRunbook, type Runbook } from '../../src/language/index.ts'
import type { Catalogue } from '../../src/packs/index.ts'
import { type PlanStep, planAsMermaid, planAsText, planRunbook } from '../../src/plan/index.ts'
import type { JsonObject } from '../../src/values/index.ts'
import { block, program } from '../kernel/build.ts'

const known = program(block([]))
const catalogue = {
  packs: {},
  actionsOf: () => Object.keys(known.actions),
  action: (name: string) => known.actions[name],
  resource: (name: string) => known.resources[name],
  connection: () => undefined,
  runbook: () => undefined,
  runbookNames: () => [],
} satisfies Catalogue

function parse(text: string): Runbook {
  const { runbook, diagnostics } = parseRunbook(text, 'test.yaml')
  if (!runbook) throw new Error(diagnostics.map((each) => each.message).join('\n'))
  return runbook
}

const head = 'runbook: 1\nname: test/plan\nversion: 1.0.0\nuse:\n  t: t@^1.0.0\n'
const BACKUP = `${head}
steps:
  - id: members
    uses: t/list
  - id: backup
    scope:
      lock: \${ "group/" & inputs.group }
      max: 2h
      steps:
        - id: snap
          uses: t/snapshot.create
          with:
            name: \${ "holdfast-" & run.id }
        - id: vms
          foreach:
            in: \${ inputs.vms }
            as: vm
            key: \${ vm }
            onError: collect
            steps:
              - id: session
                uses: t/session.create
                with:
                  name: \${ vm }
                  snapshot: \${ steps.snap.handle }
`

const plan = (text: string, inputs: JsonObject) => planRunbook({ runbook: parse(text), catalogue, inputs, targets: {} })

const flat = (steps: readonly PlanStep[]): readonly PlanStep[] => steps.flatMap((step) => [step, ...flat(step.steps)])

describe('a plan', () => {
  it('shows in a catch what other items of the loop hold by then, which do not fail as this one does', async () => {
    const made = await plan(
      `${head}
steps:
  - id: held
    scope:
      steps:
        - id: vms
          foreach:
            in: [a, b]
            as: vm
            key: \${ vm }
            steps:
              - id: try
                scope:
                  steps:
                    - { id: check, uses: t/note }
                    - { id: snap, uses: t/snapshot.create, with: { name: '\${ vm }' }, owner: held }
                  catch:
                    steps:
                      - { id: told, uses: t/note }
`,
      {},
    )
    const told = flat(made.steps).filter(({ id }) => id === 'told')
    expect(told.map(({ path, unwind }) => [path, unwind])).toEqual([
      ['held/vms[a]/try!catch/told', []],
      ['held/vms[b]/try!catch/told', ['held/vms[a]/try/snap']],
    ])
  })

  it('shows each step with its effect, what it holds and what would be let go, without a call', async () => {
    const made = await plan(BACKUP, { group: 'g', vms: ['a', 'b'] })
    expect(planAsText(made, { width: 100, colour: false })).toBe(`test/plan 1.0.0

Basis           nothing was read and no call was made; ‹…› is what only a run can tell
Inputs          group g, vms a, b
Changes         steps: 3 acquire; 3 holds released
Freeze          none: no step freezes a guest
Longest hold    snap (Snapshot): at most 18m45s
Locks           group/g
Verified        not verified: “holdfast check --verify” tries what can go wrong

  · members  list  t/list
    backup  lock group/g  at most 2h
  + │ snap  snapshot.create  t/snapshot.create  name holdfast-‹run›
    │     held until backup closes, at most 18m45s
    │     if it died here: release snap
    │ vms  for each of a, b
    │ │ a
  + │ │ │ session  session.create  t/session.create  name a
    │ │ │     held until its item is done, at most 6m15s, lease of 5m renewed every 1m (at most 6
    │ │ │       times)
    │ │ │     if it died here: release session of a, then snap
  - │ │ │ closes: release session of a
    │ │ the same steps for b
  - │ closes: release snap

· reads  + acquires  - releases
`)
  })

  it('plans one item that stands for all where the list is unknown', async () => {
    const text = BACKUP.replace('inputs.vms', 'steps.members.vms')
    const listing = { ...known.actions['t/list'], output: { type: 'object', properties: { vms: { type: 'array' } } } }
    const told = { ...catalogue, action: (name: string) => (name === 't/list' ? listing : known.actions[name]) } as Catalogue
    const made = await planRunbook({ runbook: parse(text), catalogue: told, inputs: { group: 'g' }, targets: {} })
    const session = flat(made.steps).find((step) => step.id === 'session')
    expect(session).toMatchObject({ certainty: 'each', effect: 'acquire', input: { name: { $unknown: expect.any(String) } } })
    expect(planAsText(made, { width: 100, colour: false })).toContain('release session, then snap')
  })

  it('takes a switch each way where its value is unknown, and shows what a catch would do', async () => {
    const text = `${head}
steps:
  - id: what
    uses: t/list
  - id: which
    switch:
      on: \${ steps.what.kind }
      cases:
        left:
          steps:
            - id: l
              uses: t/note
        right:
          steps:
            - id: r
              uses: t/store
  - id: careful
    scope:
      steps:
        - id: risky
          uses: t/note
      catch:
        steps:
          - id: say
            uses: t/store
`
    const listing = { ...known.actions['t/list'], output: { type: 'object', properties: { kind: { type: 'string' } } } }
    const told = { ...catalogue, action: (name: string) => (name === 't/list' ? listing : known.actions[name]) } as Catalogue
    const made = await planRunbook({ runbook: parse(text), catalogue: told, inputs: {}, targets: {} })
    expect(flat(made.steps).map(({ id, certainty }) => [id, certainty])).toEqual([
      ['what', 'will'],
      ['which', 'will'],
      ['l', 'may'],
      ['r', 'may'],
      ['careful', 'will'],
      ['risky', 'will'],
      ['say', 'onFailure'],
    ])
    expect(made.complete).toBe(true)
  })

  it('names every step that the kernel would start: it is the same kernel [P10]', async () => {
    const made = await plan(BACKUP, { group: 'g', vms: ['a', 'b', 'c'] })
    const { play } = await import('../kernel/world.ts')
    const linked = link(parse(BACKUP.replace('"group/" & inputs.group', '"g"')), catalogue)
    const story = play(evaluable(linked), {}, { vms: ['a', 'b', 'c'] })
    const started = story.commands.flatMap((each) =>
      each.kind === 'report' && each.report.kind === 'stepStarted' ? [each.report.path] : [],
    )
    const planned = new Set(flat(made.steps).map((step) => step.path))
    expect(started.length).toBeGreaterThan(4)
    expect(started.filter((path) => !planned.has(path))).toEqual([])
  })

  it('is drawn as a flowchart', async () => {
    const drawn = planAsMermaid(await plan(BACKUP, { group: 'g', vms: ['a'] }))
    expect(drawn).toContain('subgraph')
    expect(drawn).toContain('== "Snapshot<br/>at most 12m30s" ==>')
  })
})

/** The test world evaluates paths only: computed names become literals. */
function evaluable<T>(value: T): T {
  const text = JSON.stringify(value, (_, part: { kind?: string; source?: string }) =>
    part?.kind === 'expression' && part.source?.includes('"')
      ? { ...part, kind: 'literal', value: part.source }
      : part?.kind === 'expression'
        ? { ...part, source: part.source?.trim() }
        : part,
  )
  return JSON.parse(text) as T
}
