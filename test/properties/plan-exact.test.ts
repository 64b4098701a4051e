// The other half of the law: a plan whose reads are all known lists exactly the calls that the run then makes against the same healthy
// platform. Changes are compared one by one, with path, query and body, in the order of each loop item; reads as a set. [P10]
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createReader, replay, type Turn } from '../../src/engine/index.ts'
import type { HttpRequest } from '../../src/http/index.ts'
import { createCatalogue } from '../../src/packs/index.ts'
import { fits } from '../../src/plan/compare/values.ts'
import {
  byReading,
  driftOf,
  followPlan,
  type Plan,
  type PlanStep,
  planDrifted,
  planRunbook,
  type Request,
} from '../../src/plan/index.ts'
import { fillDefaults, type Json, type JsonObject } from '../../src/values/index.ts'
import { MIB, runbooks, type Stage, startStage } from '../platforms/sangfor-scp/stage.ts'

const catalogue = createCatalogue(runbooks.packs.map(({ pack }) => pack))
const TARGETS = {
  cloud: { $target: 'cloud', connection: 'sangfor-scp/Connection' },
  vault: { $target: 'vault', connection: 'block-transfer/Vault' },
}

let stage: Stage
let ids: string[]
const requests: HttpRequest[] = []

beforeEach(async () => {
  stage = await startStage({ onRequest: (request) => requests.push(request) })
  const vms = ['erp-db', 'erp-app'].map((name) => stage.scp.addVm({ name, disks: [{ sizeBytes: 2 * MIB }, { sizeBytes: MIB }] }))
  for (const { guest } of vms) guest.write(3)
  ids = vms.map(({ id }) => id)
})
afterEach(() => stage[Symbol.asyncDispose]())

async function planByReading(name: string, inputs: JsonObject): Promise<Plan> {
  const { runbook } = runbooks.read(`${name}.runbook.yaml`)
  if (!runbook) throw new Error(`${name} cannot be read`)
  const { handlers, ...calling } = stage.calling
  return planRunbook({
    runbook,
    catalogue,
    inputs: fillDefaults(runbook.inputs ?? {}, inputs).value as JsonObject,
    targets: TARGETS,
    basis: { kind: 'read', at: '2026-01-01T00:00:00.000Z' },
    knowledge: byReading(createReader({ ...calling, handlers: handlers(catalogue) }), async () => {}),
  })
}

/** A request that a plan lists: by which step, how often, and in which order where that is fixed. */
interface Listed {
  readonly at: string
  readonly effect: 'change' | 'read'
  /** False for what a run may make any number of times, or not at all. */
  readonly once: boolean
  readonly request: Request
}

/** In the order of the plan; what a block holds is released where it closes. */
function listedBy(plan: Plan): readonly Listed[] {
  const holds = new Map(plan.holds.map((hold) => [hold.path, hold]))
  const isSure = (certainty: PlanStep['certainty'], path: string): boolean => certainty === 'will' && !path.includes('[*]')
  const released = (paths: readonly string[], once: boolean): readonly Listed[] =>
    paths.flatMap((path) => holds.get(path)?.releases.map((request) => listed(path, request, 'release', once)) ?? [])
  const listed = (at: string, request: Request, effect: PlanStep['effect'], once: boolean): Listed => ({
    at,
    effect: request.purpose === 'call' && effect !== 'read' ? 'change' : 'read',
    once: once && request.purpose === 'call',
    request,
  })
  const visit = (step: PlanStep): readonly Listed[] => {
    const { path, certainty, effect, requests: own, steps, closes, acquires } = step
    const once = isSure(certainty, path)
    return [
      ...own.map((request) => listed(path, request, effect, once)),
      ...(acquires?.renews ?? []).map((request) => listed(path, request, 'mutate', false)),
      ...steps.flatMap(visit),
      ...released(closes, once),
    ]
  }
  return [...plan.steps.flatMap(visit), ...released(plan.closes, true)]
}

/** Where a plan and what was sent do not fit; sentences. */
function misfits(plan: Plan, sent: readonly HttpRequest[]): readonly string[] {
  const listed = listedBy(plan)
  const found: string[] = []
  const used = new Set<Listed>()
  const places = new Map<string, number>()
  for (const request of sent) {
    const isChange = request.method !== 'GET'
    const fitting = listed.filter((each) => (each.effect === 'change') === isChange && isThat(each.request, request))
    const match = fitting.find((each) => each.once && !used.has(each)) ?? fitting.find((each) => !each.once || !isChange)
    if (!match) {
      found.push(`not planned: ${request.method} ${request.path} ${request.body ?? ''}`)
      continue
    }
    used.add(match)
    if (!isChange || !match.once) continue
    const item = itemOf(match.at)
    const place = listed.indexOf(match)
    if (place < (places.get(item) ?? -1)) found.push(`out of order: ${request.method} ${request.path}`)
    places.set(item, place)
  }
  for (const each of listed)
    if (each.once && !used.has(each)) found.push(`not sent: ${each.at} ${each.request.method} ${each.request.path}`)
  return found
}

/** Items of a loop run side by side. */
const itemOf = (path: string): string => path.slice(0, path.lastIndexOf(']') + 1)

function isThat(planned: Request, { method, path, body }: HttpRequest): boolean {
  const url = new URL(path, 'http://simulator')
  const query = Object.fromEntries([...url.searchParams].map(([name, value]) => [name, value as Json]))
  return (
    planned.method.toUpperCase() === method &&
    fits(planned.path, decodeURIComponent(url.pathname)) &&
    (planned.purpose === 'page' || fits(asText(planned.query), query)) &&
    fits(planned.body, body === undefined ? undefined : (JSON.parse(body) as Json))
  )
}

/** A query is text on the wire; what is not given is not sent. */
const asText = (query: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, typeof value === 'object' && value !== null ? value : String(value)]),
  )

const SCENES: Readonly<Record<string, () => Promise<JsonObject>>> = {
  'cbt-enable': async () => ({ serverIds: ids }),
  'cbt-disable': async () => ({ serverIds: ids }),
  'consistency-group-create': async () => ({ name: 'erp', serverIds: ids }),
  'consistency-group-backup': async () => ({ groupId: stage.scp.addGroup('erp', ids) }),
  'vm-backup': async () => ({ serverId: ids[0] ?? '' }),
  'vm-backup-hotadd': async () => {
    stage.scp.addVm({ name: 'proxy-1', disks: [{ sizeBytes: MIB }], osName: 'Backup Proxy', status: 'stopped' })
    return { serverId: ids[0] ?? '' }
  },
  'backup-preflight': async () => ({}),
  'vm-restore': pointOfFirst,
  'vm-restore-in-place': pointOfFirst,
  'vm-restore-quick': pointOfFirst,
}

async function pointOfFirst(): Promise<JsonObject> {
  const { outputs } = await stage.run('vm-backup', { serverId: ids[0] ?? '' })
  return { pointId: String(outputs?.pointId) }
}

describe('a plan with all reads known, of every shipped runbook', () => {
  it.each(runbooks.files.map((file) => file.replace('.runbook.yaml', '')))(
    '%s lists exactly what the run sends [P10]',
    async (name) => {
      const inputs = await SCENES[name]?.()
      if (!inputs) throw new Error(`no scene for ${name}: add one`)
      const plan = await planByReading(name, inputs)
      expect(plan.complete).toBe(true)
      expect(driftOf(plan, await planByReading(name, inputs))).toEqual([])

      requests.length = 0
      const outcome = await stage.run(name, inputs)
      expect(outcome).toMatchObject({ status: 'succeeded', owed: [] })
      const sent = [...requests]
      expect(misfits(plan, sent)).toEqual([])

      const runId = stage.observations.at(-1)?.runId ?? ''
      const turns: Turn[] = []
      for await (const turn of replay(stage.journal, runId)) turns.push(turn)
      const { steps, unlisted, toldOtherwise } = await followPlan(plan, turns)
      expect({ unlisted, toldOtherwise }).toEqual({ unlisted: [], toldOtherwise: [] })
      const sure = steps.filter(({ path, planned }) => planned === 'will' && !path.includes('[*]'))
      expect(sure.filter(({ outcomes }) => outcomes.succeeded !== 1)).toEqual([])

      // The judge can say no: without any one step whose requests were sent, something was not planned, or it ran unlisted.
      const changes = sent.filter(({ method }) => method !== 'GET').length
      const acting = listedBy(plan).filter(({ once, effect }) => once && effect === 'change')
      for (const { at } of acting) expect(misfits(without(plan, at), sent), `without ${at}`).not.toEqual([])
      for (const { path } of sure) {
        const left = await followPlan(without(plan, path), turns)
        const isCall = steps.some((each) => each.path === path && plannedStep(plan, path)?.action !== undefined)
        if (isCall) expect(left.unlisted, `without ${path}`).not.toEqual([])
      }
      console.info(
        `${name}: ${plan.reads.length} reads told, ${sent.length} requests sent, ${changes} of them change something; ` +
          `${acting.length} changes and ${sure.length} steps were sure, all came`,
      )
    },
    60_000,
  )

  it('drifts by name when somebody else backs up a VM in between, and not when its disks are written', async () => {
    const [serverId = ''] = ids
    const plan = await planByReading('vm-backup', { serverId })
    stage.scp.addVm({ name: 'another', disks: [{ sizeBytes: MIB }] }).guest.write(3)
    expect(driftOf(plan, await planByReading('vm-backup', { serverId }))).toEqual([])

    expect(await stage.run('vm-backup', { serverId })).toMatchObject({ status: 'succeeded' })
    const drifts = driftOf(plan, await planByReading('vm-backup', { serverId })).map((change) => planDrifted(change).message)
    expect(drifts).toEqual([
      expect.stringMatching(/enable would not run any more: sangfor-scp\/cbt\.enable \(mutate\) of vm /),
      expect.stringMatching(/^backup\/commit: the newest restore point so far was nothing in the plan, and is "20/),
    ])
  })
})

const plannedStep = (plan: Plan, path: string): PlanStep | undefined => {
  const find = (steps: readonly PlanStep[]): PlanStep | undefined =>
    steps.find((step) => step.path === path) ?? steps.map(({ steps: inner }) => find(inner)).find((step) => step !== undefined)
  return find(plan.steps)
}

/** The plan without one of its steps, and without what that step holds. */
function without(plan: Plan, path: string): Plan {
  const keep = (steps: readonly PlanStep[]): readonly PlanStep[] =>
    steps.filter((step) => step.path !== path).map((step) => ({ ...step, steps: keep(step.steps) }))
  return { ...plan, steps: keep(plan.steps), holds: plan.holds.filter((hold) => hold.path !== path) }
}
