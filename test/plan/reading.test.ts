// Plans that read, against a platform that is healthy: what is called, what it tells, and what is never touched.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createReader, recall } from '../../src/engine/index.ts'
import { createCatalogue } from '../../src/packs/index.ts'
import { byReading, fromRun, type Knowledge, type Plan, type PlanStep, planRunbook } from '../../src/plan/index.ts'
import { fillDefaults, type JsonObject } from '../../src/values/index.ts'
import { MIB, packs, readRunbook, type Stage, startStage } from '../platforms/sangfor-scp/stage.ts'

let stage: Stage
let ids: string[]
let groupId: string

beforeEach(async () => {
  stage = await startStage()
  const vms = ['erp-db', 'erp-app'].map((name) => stage.scp.addVm({ name, disks: [{ sizeBytes: 4 * MIB }] }))
  ids = vms.map(({ id }) => id)
  groupId = stage.scp.addGroup('erp', ids)
})
afterEach(() => stage[Symbol.asyncDispose]())

const TARGETS = {
  cloud: { $target: 'cloud', connection: 'sangfor-scp/Connection' },
  vault: { $target: 'vault', connection: 'block-transfer/Vault' },
}

const catalogue = createCatalogue(packs.map(({ pack }) => pack))

function reading(): Knowledge {
  const { handlers, ...calling } = stage.calling
  return byReading(createReader({ ...calling, handlers: handlers(catalogue) }), async () => {})
}

function plan(name: string, inputs: JsonObject, knowledge: Knowledge, basis: Plan['basis'] = { kind: 'read', at: '2026-01-01T00:00:00Z' }): Promise<Plan> {
  const { runbook } = readRunbook(`${name}.runbook.yaml`)
  if (!runbook) throw new Error(`${name} cannot be read`)
  const filled = fillDefaults(runbook.inputs ?? {}, inputs).value as JsonObject
  return planRunbook({ runbook, catalogue, inputs: filled, targets: TARGETS, basis, knowledge })
}

const flat = (steps: readonly PlanStep[]): readonly PlanStep[] => steps.flatMap((step) => [step, ...flat(step.steps)])
const step = (made: Plan, path: string): PlanStep => {
  const found = flat(made.steps).find((each) => each.path === path)
  if (!found) throw new Error(`the plan has no step ${path}: ${flat(made.steps).map((each) => each.path)}`)
  return found
}

describe('a plan that reads', () => {
  it('unrolls loops over what it was told, by their true keys, and says what will happen', async () => {
    const made = await plan('consistency-group-backup', { groupId }, reading())
    for (const id of ids) expect(step(made, `backup/vms[${id}]/one/session`).certainty).toBe('will')
    expect(flat(made.steps).filter(({ path }) => path.startsWith('backup/vms[*]'))).toEqual([])
    expect(step(made, `backup/tracking[${ids[0]}]/enable`).certainty).toBe('will')
  })

  it('never calls anything but a GET of a healthy platform, and says what it was told', async () => {
    stage.scp.calls.length = 0
    const made = await plan('consistency-group-backup', { groupId }, reading())
    expect(new Set(stage.scp.calls.map(({ method }) => method))).toEqual(new Set(['GET']))
    expect(made.reads.map(({ path }) => path)).toContain(`members[${ids[0]}]/config`)
    expect(made.reads.every(({ result }) => result.kind === 'output')).toBe(true)
    expect(stage.scp.leaks()).toEqual([])
  })
})
