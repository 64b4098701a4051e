// What differs between plans, what counts as drift, and plans as files. Each rule with the words that people read.
import { describe, expect, it } from 'vitest'
import {
  diffAsMarkdown,
  diffAsText,
  diffPlans,
  driftOf,
  type Hold,
  listingOf,
  otherSetUp,
  type Plan,
  type PlanStep,
  planAsJson,
  planDrifted,
  plannedPaths,
  readPlan,
} from '../../src/plan/index.ts'
import type { Json } from '../../src/values/index.ts'

const step = (path: string, more: Partial<PlanStep> = {}): PlanStep => ({
  path,
  id: path.slice(path.lastIndexOf('/') + 1),
  verb: 'uses',
  certainty: 'will',
  requests: [],
  affects: [],
  unwind: [],
  closes: [],
  steps: [],
  ...more,
})

const scope = (path: string, steps: readonly PlanStep[], more: Partial<PlanStep> = {}): PlanStep =>
  step(path, { verb: 'scope', steps, ...more })

const plan = (steps: readonly PlanStep[], more: Partial<Plan> = {}): Plan => ({
  format: 1,
  runbook: 'lab/backup',
  version: '1.0.0',
  pins: { runbook: 'aa', 'pack:scp': 'bb' },
  basis: { kind: 'read', at: '2026-11-21T12:00:00.000Z' },
  inputs: { group: 'g1' },
  targets: { cloud: { $target: 'cloud', connection: 'scp/Connection' } },
  steps,
  closes: [],
  holds: steps.flatMap(({ acquires }) => acquires ?? []),
  locks: [],
  reads: [],
  totals: { calls: {}, affects: [], approvals: [], points: [] },
  complete: true,
  ...more,
})

const enable = (vm: Json, more: Partial<PlanStep> = {}): PlanStep =>
  step(`tracking[${typeof vm === 'string' ? vm : '*'}]/enable`, {
    action: 'scp/cbt.enable',
    effect: 'mutate',
    input: { serverId: vm },
    affects: [{ kind: 'vm', id: vm }],
    ...more,
  })

const hold = (path: string, more: Partial<Hold> = {}): Hold => ({
  path,
  type: 'scp/Snapshot',
  title: 'Snapshot',
  identity: { name: 'holdfast-‹run›' },
  owner: 'run',
  release: 'scp/snapshot.delete',
  keptOnSuccess: false,
  critical: false,
  releases: [],
  renews: [],
  window: { during: [] },
  ...more,
})

const said = (was: Plan, is: Plan): readonly string[] => driftOf(was, is).map((change) => planDrifted(change).message)

describe('drift', () => {
  it('is none where nothing would be done otherwise: other moments, other estimates, other free space', () => {
    const free = (bytes: number) => ({
      reads: [
        {
          path: 'storages',
          action: 'scp/storage.list',
          input: {},
          result: { kind: 'output', output: { freeBytes: bytes } } as const,
        },
      ],
      basis: { kind: 'read', at: `2026-11-21T1${bytes}:00:00.000Z` } as const,
    })
    const steps = [step('storages', { action: 'scp/storage.list', effect: 'read', input: {} }), enable('a')]
    const [one, two] = [plan(steps, free(1)), plan(steps, free(2))]
    expect(driftOf(one, two)).toEqual([])
    expect(driftOf(one, one)).toEqual([])
  })

  it('names another VM, in the words of the runbook', () => {
    expect(said(plan([enable('a')]), plan([enable('a'), enable('b')]))).toEqual([
      'tracking[b]/enable would run, and is not in the plan: scp/cbt.enable (mutate) of vm b',
    ])
    expect(said(plan([enable('a'), enable('b')]), plan([enable('a')]))).toEqual([
      'tracking[b]/enable would not run any more: scp/cbt.enable (mutate) of vm b',
    ])
  })

  it('names another input of a change, and another body on its own', () => {
    const copy = (base: string, body: Json = {}) =>
      step('copy', {
        action: 'disk/copy',
        effect: 'mutate',
        input: { basePointId: base },
        requests: [
          { purpose: 'call', target: 'cloud', method: 'PUT', path: `/p/${base}`, query: {}, headers: { date: base }, body },
        ],
      })
    expect(said(plan([copy('p1')]), plan([copy('p2')]))).toEqual([
      'copy: input.basePointId was "p1" in the plan, and is "p2" now',
    ])
    expect(said(plan([copy('p1', { mode: 1 })]), plan([copy('p1', { mode: 2 })]))).toEqual([
      'copy: request[0].body.mode was 1 in the plan, and is 2 now',
    ])
  })

  it('names a restore point that came in between: the base of an incremental', () => {
    const points = (previous?: string) => ({
      totals: {
        ...plan([]).totals,
        points: [
          { path: 'commit', vm: 'a', level: { $unknown: 'level' }, consistency: 'crash', ...(previous ? { previous } : {}) },
        ],
      },
    })
    expect(said(plan([], points('2026-11-20T01:00:00Z')), plan([], points('2026-11-21T01:00:00Z')))).toEqual([
      'commit: the newest restore point so far was "2026-11-20T01:00:00Z" in the plan, and is "2026-11-21T01:00:00Z" now',
    ])
    expect(said(plan([], points()), plan([], points('2026-11-21T01:00:00Z')))).toHaveLength(1)
  })

  it('names another lock, another approval, another owner of what is held', () => {
    const approve = (prompt: string) => step('ask', { verb: 'approve', approval: { prompt } })
    const snap = (owner: string) =>
      step('snap', { action: 'scp/snapshot.create', effect: 'acquire', acquires: hold('snap', { owner }) })
    const before = plan([scope('backup', [], { lock: 'vm/a' }), approve('Sure?'), snap('run')])
    const after = plan([scope('backup', [], { lock: 'vm/b' }), approve('Really?'), snap('backup')])
    expect(said(before, after)).toEqual([
      'backup: lock was "vm/a" in the plan, and is "vm/b" now',
      'ask: approval.prompt was "Sure?" in the plan, and is "Really?" now',
      'snap: holds.owner was "run" in the plan, and is "backup" now',
    ])
  })

  it('names what is touched beyond the plan, though the step is the same', () => {
    const snap = (...vms: string[]) =>
      step('snap', { action: 'scp/snapshot.create', effect: 'mutate', affects: vms.map((id) => ({ kind: 'vm', id })) })
    expect(said(plan([snap('a', 'b')]), plan([snap('b', 'c')]))).toEqual([
      'snap would touch something else: vm c, too; vm a no more',
    ])
    expect(said(plan([snap('a', 'b')]), plan([snap('b', 'a')]))).toEqual([])
  })

  it('is what a read asks that only the run can make, for what it tells is left open', () => {
    const changed = (since: string) => step('changed', { action: 'scp/cbt.changed', effect: 'read', input: { since } })
    expect(said(plan([changed('1')]), plan([changed('2')]))).toEqual(['changed: input.since was "1" in the plan, and is "2" now'])
    const read = { path: 'changed', action: 'scp/cbt.changed', input: {}, result: { kind: 'output', output: {} } as const }
    expect(said(plan([changed('1')], { reads: [read] }), plan([changed('2')], { reads: [read] }))).toEqual([])
  })

  it('is not what the plan left open: unknown values, one item that stands for all, steps that only may run', () => {
    const open = enable({ $unknown: 'each of steps.vms.servers' }, { certainty: 'each' })
    expect(driftOf(plan([open]), plan([enable('a'), enable('b')]))).toEqual([])
    const named = (name: string) => step('snap', { action: 'scp/s', effect: 'acquire', input: { name } })
    expect(driftOf(plan([named('holdfast-‹run›')]), plan([named('holdfast-r2')]))).toEqual([])
    expect(driftOf(plan([named('holdfast-‹run›')]), plan([named('other-r2')]))).toHaveLength(1)
    expect(driftOf(plan([enable('a', { certainty: 'may' })]), plan([]))).toEqual([])
    expect(driftOf(plan([enable('a', { certainty: 'may' })]), plan([enable('a')]))).toEqual([])
  })

  it('is a step that was sure, and now depends on what is found', () => {
    expect(said(plan([enable('a')]), plan([enable('a', { certainty: 'may' })]))).toEqual([
      'tracking[a]/enable was sure to run in the plan, and is dependent on what is found now',
    ])
  })

  it('shows in whatever part of a step that changes something is altered: the canary', () => {
    const whole = step('snap', {
      action: 'scp/snapshot.create',
      effect: 'acquire',
      input: { vm: 'a', disks: ['d1', 'd2'] },
      requests: [
        { purpose: 'call', target: 'cloud', method: 'POST', path: '/a', query: { q: 1 }, headers: {}, body: { x: [1, 2] } },
      ],
      affects: [{ kind: 'vm', id: 'a' }],
      lock: 'l',
      approval: { prompt: 'p', by: 'ops', timeoutMs: 1000 },
      acquires: hold('snap'),
    })
    const before = plan([whole])
    const mutants: PlanStep[] = [
      { ...whole, action: 'scp/other' },
      { ...whole, input: { vm: 'b', disks: ['d1', 'd2'] } },
      { ...whole, input: { vm: 'a', disks: ['d1'] } },
      { ...whole, input: { vm: 'a', disks: ['d1', 'd2'], more: true } },
      ...['target', 'method', 'path', 'query', 'body'].map((part) => ({
        ...whole,
        requests: whole.requests.map((request) => ({ ...request, [part]: 'other' })),
      })),
      { ...whole, requests: [] },
      { ...whole, affects: [] },
      { ...whole, affects: [{ kind: 'vm', id: 'b' }] },
      { ...whole, lock: 'm' },
      { ...whole, approval: { prompt: 'p', by: 'anyone', timeoutMs: 1000 } },
      ...(['type', 'owner', 'release', 'keptOnSuccess', 'identity'] as const).map((part) => ({
        ...whole,
        acquires: { ...hold('snap'), [part]: 'other' } as Hold,
      })),
    ]
    for (const mutant of mutants) expect(driftOf(before, plan([mutant])), JSON.stringify(mutant)).not.toEqual([])
    expect(driftOf(before, plan([{ ...whole, unwind: ['x'], timeoutMs: 5, title: 'Other words' }]))).toEqual([])
  })
})

describe('a saved plan', () => {
  const made = plan([enable('a')])

  it('comes back as it was, whatever the layout of the file', () => {
    expect(readPlan(planAsJson(made), 'plan.json').plan).toEqual(made)
    const laidOutAnew = JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(planAsJson(made))).reverse()))
    expect(readPlan(laidOutAnew, 'plan.json').plan).toEqual(made)
  })

  it.each([
    ['edited', (text: string) => text.replace('"serverId": "a"', '"serverId": "b"'), 'PLAN_DAMAGED'],
    ['without its hash', (text: string) => text.replace('sha256', 'sha255'), 'PLAN_DAMAGED'],
    ['cut short', (text: string) => text.slice(0, -20), 'PLAN_UNREADABLE'],
    ['no plan at all', () => '{"runbook": 1}', 'PLAN_UNREADABLE'],
    ['of a later format', (text: string) => text.replace('"format": 1', '"format": 2'), 'PLAN_FORMAT_UNKNOWN'],
  ])('is refused when it is %s', (_, change, code) => {
    const { plan: read, diagnostics } = readPlan(change(planAsJson(made)), 'plan.json')
    expect(read).toBeUndefined()
    expect(diagnostics.map((each) => each.code)).toEqual([code])
  })

  it('is refused where it is whole, and yet not what a plan is', () => {
    const odd = { ...made, steps: [{ ...enable('a'), certainty: 'perhaps' }] } as unknown as Plan
    expect(readPlan(planAsJson(odd), 'plan.json').diagnostics.map(({ message }) => message)).toEqual([
      'plan.json is no saved plan: steps.0.certainty must be "will" or "may" or "each" or "onFailure"',
    ])
  })

  it('is refused wherever a single character of its values is altered', () => {
    const text = planAsJson(made)
    const places = [...text.matchAll(/[a-z0-9](?=[^"]*")/g)].map(({ index }) => index)
    for (const place of places) {
      const altered = `${text.slice(0, place)}${text[place] === 'z' ? 'y' : 'z'}${text.slice(place + 1)}`
      expect(readPlan(altered, 'plan.json').plan, altered).toBeUndefined()
    }
    expect(places.length).toBeGreaterThan(100)
  })
})

describe('the differences of two plans', () => {
  const old = plan([
    step('first', { action: 'scp/a', effect: 'read' }),
    scope('backup', [
      step('backup/copy', { action: 'disk/copy', effect: 'mutate', input: { level: 'full' } }),
      step('backup/note', { action: 'core/log', effect: 'read' }),
    ]),
    step('last', { action: 'scp/z', effect: 'read' }),
    step('gone', { action: 'scp/gone', effect: 'destroy', affects: [{ kind: 'vm', id: 'a', name: 'db' }] }),
  ])
  const now = plan(
    [
      step('last', { action: 'scp/z', effect: 'read' }),
      step('first', { action: 'scp/a', effect: 'read' }),
      scope('backup', [step('backup/copy', { action: 'disk/copy', effect: 'mutate', input: { level: 'incremental' } })]),
      scope('report', [
        step('report/note', { action: 'core/log', effect: 'read' }),
        step('report/mail', { action: 'core/mail', effect: 'mutate' }),
      ]),
    ],
    {
      version: '1.1.0',
      pins: { runbook: 'cc', 'pack:scp': 'bb' },
      inputs: { group: 'g2', full: true },
      holds: [hold('backup/snap')],
      locks: ['vm/a'],
      totals: { ...plan([]).totals, affects: [{ kind: 'vm', id: 'a', name: 'db' }], bytes: 3 * 2 ** 30 },
    },
  )

  it('are told part by part, in the words of the runbook', () => {
    expect(diffAsText(diffPlans(old, now), { colour: false })).toBe(`old  lab/backup 1.0.0, read at 2026-11-21T12:00:00.000Z
new  lab/backup 1.1.0, read at 2026-11-21T12:00:00.000Z

Runbook
  ~ version  "1.0.0" → "1.1.0"

Documents
  ~ runbook

Inputs
  ~ group  "g1" → "g2"
  + full  true

Steps
  - gone  scp/gone (destroy) of vm a (db)
  > last  to another place in its block
  ~ backup/copy  input.level  "full" → "incremental"
  + report  scope
  > report/note  from backup/note

What is held
  + backup/snap  scp/Snapshot {"name":"holdfast-‹run›"}

Locks
  + vm/a

What is affected
  + vm a (db)

In sum
  ~ bytes  nothing → 3.0 GiB

5 added, 1 removed, 2 moved, 5 changed
`)
  })

  it('are coloured, and fit a change ticket', () => {
    const diff = diffPlans(old, now)
    expect(diffAsText(diff, { colour: true })).toContain('\u001b[32m  + vm/a\u001b[0m')
    expect(diffAsMarkdown(diff)).toContain('```diff\n+ vm/a\n```')
    expect(diffAsMarkdown(diff)).toContain('## Plan of lab/backup: 5 added, 1 removed, 2 moved, 5 changed')
  })

  it('are none between a plan and itself, and turn round with the plans', () => {
    expect(diffPlans(old, old)).toMatchObject({ same: true, changes: [] })
    expect(diffAsText(diffPlans(old, old), { colour: false })).toContain('no difference')
    const kinds = (changes: readonly { kind: string }[]) => changes.map(({ kind }) => kind).toSorted()
    const turned = { added: 'removed', removed: 'added', moved: 'moved', changed: 'changed' } as const
    const back = diffPlans(now, old).changes.map(({ kind }) => ({ kind: turned[kind] }))
    expect(kinds(back).length).toBeGreaterThan(0)
    expect(new Set(kinds(back))).toEqual(new Set(kinds(diffPlans(old, now).changes)))
  })
})

describe('the listing of a plan', () => {
  it('takes [*] for any item, nested or not, and a named item for itself', () => {
    const planned = plannedPaths(['a', 'vms[*]/x', 'vms[a]/y', 'vms[*]/d[*]/z', 'vms[%E2%80%B9vm%E2%80%BA]/k', 'p[left]/q'])
    const asked = ['a', 'b', 'vms[1]/x', 'vms[a]/y', 'vms[b]/y', 'vms[1]/d[2]/z', 'vms[any]/k', 'p[right]/q']
    expect(asked.map(planned)).toEqual([
      'a',
      undefined,
      'vms[*]/x',
      'vms[a]/y',
      undefined,
      'vms[*]/d[*]/z',
      'vms[%E2%80%B9vm%E2%80%BA]/k',
      undefined,
    ])
  })

  it('knows the calls of steps and of what they hold, and no others', () => {
    const made = plan([step('snap', { action: 'scp/snapshot.create', effect: 'acquire', acquires: hold('snap') })])
    const { lists, holdsAs } = listingOf(made)
    const call = (purpose: 'step' | 'find' | 'probe' | 'renew' | 'release', action: string, path = 'snap') =>
      lists({ path, purpose, action })
    expect(call('step', 'scp/snapshot.create')).toBe(true)
    expect(call('release', 'scp/snapshot.delete')).toBe(true)
    expect(call('find', 'scp/snapshot.find')).toBe(true)
    expect(call('step', 'scp/other')).toBe(false)
    expect(call('release', 'scp/other')).toBe(false)
    expect(call('renew', 'scp/renew')).toBe(false)
    expect(call('find', 'scp/snapshot.find', 'elsewhere')).toBe(false)
    expect(holdsAs({ id: 'snap', type: 'scp/Snapshot', owner: 'run' })).toBe(true)
    expect(holdsAs({ id: 'snap', type: 'scp/Snapshot', owner: 'backup' })).toBe(false)
    expect(holdsAs({ id: 'snap', type: 'scp/Other', owner: 'run' })).toBe(false)
  })

  it('tells a run that was set up otherwise', () => {
    const { pins, targets } = plan([])
    expect(otherSetUp(plan([]), { pins, inputs: { group: 'g1' }, targets })).toEqual([])
    expect(
      otherSetUp(plan([]), { pins: { ...pins, runbook: 'zz' }, inputs: { group: 'g2' }, targets }).map(
        ({ about, at }) => `${about} ${at}`,
      ),
    ).toEqual(['document runbook', 'input group'])
  })
})
