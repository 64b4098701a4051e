// Plans that read, against a platform that is healthy: what is called, what it tells, and what is never touched.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createReader, recall } from '../../src/engine/index.ts'
import { createCatalogue } from '../../src/packs/index.ts'
import {
  byReading,
  experienceOf,
  fromRun,
  type Knowledge,
  NOTHING,
  type Plan,
  type PlanRequest,
  type PlanStep,
  planAsJson,
  planRunbook,
  planSchema,
} from '../../src/plan/index.ts'
import { fillDefaults, type JsonObject, Secret, validator } from '../../src/values/index.ts'
import { MIB, runbooks, type Stage, startStage } from '../platforms/sangfor-scp/stage.ts'

let stage: Stage
let ids: string[]
let groupId: string
let ofGroup: Plan

beforeAll(async () => {
  stage = await startStage()
  const vms = ['erp-db', 'erp-app'].map((name) =>
    stage.scp.addVm({ name, disks: [{ sizeBytes: 16 * MIB, files: { 'A.TXT': name } }] }),
  )
  ids = vms.map(({ id }) => id)
  groupId = stage.scp.addGroup('erp', ids)
  ofGroup = await plan('consistency-group-backup', { groupId }, reading())
})
afterAll(() => stage[Symbol.asyncDispose]())

const TARGETS = {
  cloud: { $target: 'cloud', connection: 'sangfor-scp/Connection' },
  vault: { $target: 'vault', connection: 'block-transfer/Vault' },
}

const catalogue = createCatalogue(runbooks.packs.map(({ pack }) => pack))

function reading(): Knowledge {
  const { handlers, ...calling } = stage.calling
  return byReading(createReader({ ...calling, handlers: handlers(catalogue) }), async () => {})
}

const READ = { basis: { kind: 'read', at: '2026-01-01T00:00:00Z' } } as const

function plan(name: string, inputs: JsonObject, knowledge: Knowledge, more: Partial<PlanRequest> = READ): Promise<Plan> {
  const { runbook } = runbooks.read(`${name}.runbook.yaml`)
  if (!runbook) throw new Error(`${name} cannot be read`)
  const filled = fillDefaults(runbook.inputs ?? {}, inputs).value as JsonObject
  return planRunbook({ runbook, catalogue, inputs: filled, targets: TARGETS, knowledge, ...more })
}

const flat = (steps: readonly PlanStep[]): readonly PlanStep[] => steps.flatMap((step) => [step, ...flat(step.steps)])
const step = (made: Plan, path: string): PlanStep => {
  const found = flat(made.steps).find((each) => each.path === path)
  if (!found) throw new Error(`the plan has no step ${path}: ${flat(made.steps).map((each) => each.path)}`)
  return found
}

describe('a plan that reads', () => {
  it('unrolls loops over what it was told, by their true keys, and says what will happen', () => {
    const made = ofGroup
    for (const id of ids) expect(step(made, `backup/vms[${id}]/one/session`).certainty).toBe('will')
    expect(flat(made.steps).filter(({ path }) => path.startsWith('backup/vms[*]'))).toEqual([])
    expect(step(made, `backup/tracking[${ids[0]}]/enable`).certainty).toBe('will')
  })

  it('never calls anything but a GET of a healthy platform, whatever the runbook, and says what it was told', async () => {
    const made = ofGroup
    const [serverId = ''] = ids
    const inputs: Record<string, JsonObject> = {
      'cbt-enable': { serverIds: ids },
      'cbt-disable': { serverIds: ids },
      'consistency-group-backup': { groupId },
      'consistency-group-create': { name: 'new', serverIds: ids },
      'vm-backup': { serverId },
      'vm-backup-hotadd': { serverId },
      'backup-preflight': {},
      'vm-restore': { pointId: 'latest' },
      'vm-restore-in-place': { pointId: 'latest' },
      'vm-restore-quick': { pointId: 'latest' },
    }
    for (const name of runbooks.files.map((file) => file.replace('.runbook.yaml', ''))) {
      expect(inputs, `inputs for ${name}`).toHaveProperty(name)
      const { complete } = await plan(name, inputs[name] ?? {}, reading())
      expect(complete, name).toBe(true)
    }
    expect(new Set(stage.scp.calls.map(({ method }) => method))).toEqual(new Set(['GET']))
    expect(made.reads.map(({ path }) => path)).toContain(`backup/members[${ids[0]}]/config`)
    expect(made.reads.every(({ result }) => result.kind === 'output')).toBe(true)
    expect(stage.scp.leaks()).toEqual([])
  })

  it('knows what a change touches: the VMs of the group by name, their storage, its hosts, the vault', () => {
    const made = ofGroup
    const kinds = (path: string) => step(made, path).affects.map(({ kind, name, id }) => `${kind} ${name ?? id}`)
    expect(kinds('backup/moment/snap').toSorted()).toEqual([
      'group erp',
      expect.stringMatching(/^host /),
      expect.stringMatching(/^host /),
      'storage vs-vol-1',
      'vm erp-app',
      'vm erp-db',
    ])
    expect(made.totals.affects.map(({ kind }) => kind).toSorted()).toEqual([
      'group',
      'host',
      'host',
      'repository',
      'storage',
      'vm',
      'vm',
    ])
    expect(made.totals.points.map(({ vm }) => vm)).toEqual(ids)
  })

  it('shows the same requests that a run sends, in the same order for one VM, and no secret [P10, P11]', async () => {
    // One that has something for every loop of the runbook.
    const { id: serverId } = stage.scp.addVm({ name: 'sealed', disks: [{ sizeBytes: MIB }], traits: { customBios: true } })
    const made = await plan('vm-backup', { serverId }, reading())
    const planned = flat(made.steps).flatMap(({ requests, path }) =>
      path.includes('!catch')
        ? []
        : requests.filter(({ purpose }) => purpose === 'call').map(({ method, path: url }) => `${method} ${url}`),
    )
    stage.scp.calls.length = 0
    expect(await stage.run('vm-backup', { serverId })).toMatchObject({ status: 'succeeded' })
    const sent = stage.scp.calls.map(({ method, path }) => `${method} ${path.split('?')[0]}`)
    const patterns = planned.map((each) => new RegExp(`^${each.replaceAll('.', '[.]').replaceAll(/‹[^›]*›/gu, '[^/]+')}$`))
    let at = 0
    for (const pattern of patterns) {
      const found = sent.findIndex((each, index) => index >= at && pattern.test(each))
      expect(found, `${pattern} after ${sent[at - 1]}`).not.toBe(-1)
      at = found + 1
    }
    expect(patterns.length).toBeGreaterThan(8)
    const text = JSON.stringify(made)
    for (const secret of Object.values(stage.scp.settings)) {
      if (secret instanceof Secret) expect(text).not.toContain(secret.reveal())
    }
  })
})

describe('a plan from an earlier run', () => {
  it('knows the changed blocks, the level, the point before, and how long it took', async () => {
    await stage.run('vm-backup', { serverId: ids[1] ?? '' })
    await stage.run('vm-backup', { serverId: ids[1] ?? '', full: true })
    const [run = '', before = ''] = (await stage.journal.runs({ limit: 2 })).map(({ id }) => id)
    const { calls, tookMs } = await recall(stage.journal, run)
    const made = await plan('vm-backup', { serverId: ids[1] ?? '', full: true }, fromRun(run, calls), {
      basis: { kind: 'run', run },
      experience: experienceOf([tookMs, (await recall(stage.journal, before)).tookMs]),
      bytesPerSecond: MIB,
    })
    const copied = calls.find(({ path }) => path === 'backup/copy')
    expect(made.totals.bytes).toBe(copied?.output.bytesRead)
    expect(made.totals.points).toEqual([
      { path: 'backup/commit', vm: ids[1], level: 'full', consistency: 'crash', previous: expect.stringMatching(/^20\d\d-/) },
    ])
    expect(step(made, 'backup/copy').duration).toEqual({
      lowMs: Math.round(((made.totals.bytes ?? 0) / MIB) * 1000),
      highMs: Math.round(((made.totals.bytes ?? 0) / MIB) * 1000),
      from: { kind: 'rate', bytesPerSecond: MIB },
    })
    const took = tookMs.get('backup/snap') ?? 0
    const { lowMs = 0, highMs = 0 } = step(made, 'backup/snap').duration ?? {}
    expect(lowMs <= took && took <= highMs).toBe(true)
    expect(made.holds.every(({ window }) => window.estimate !== undefined)).toBe(true)
    expect(made.totals.longestHold).toMatchObject({ path: 'backup/snap', atMostMs: (12 + 1) * 3_600_000 + 600_000 })
  })
})

describe('schemas/plan.schema.json', () => {
  it('takes plans of every kind, and nothing else', async () => {
    const [run = ''] = (await stage.journal.runs({ limit: 1 })).map(({ id }) => id)
    const { calls } = await recall(stage.journal, run)
    const plans = [
      ...runbooks.files.map((file) => plan(file.replace('.runbook.yaml', ''), {}, NOTHING, { basis: { kind: 'offline' } })),
      ofGroup,
      plan('vm-backup', { serverId: ids[1] ?? '' }, fromRun(run, calls), {
        basis: { kind: 'run', run },
        bytesPerSecond: 1,
      }),
    ]
    for (const made of await Promise.all(plans)) {
      const json = JSON.parse(planAsJson(made)) as JsonObject
      expect(validator(planSchema).problems(json), made.runbook).toEqual([])
      expect(validator(planSchema).problems({ ...json, colour: 'red' })).not.toEqual([])
    }
  })
})
