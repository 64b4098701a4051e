// Makes a plan of a runbook: explores it with the kernel, then works out what the tree of steps means.

import { foreseenRequests } from '../http/index.ts'
import { actionNamed as actionIn, inputByName, link, type Program, resourceNamed } from '../kernel/index.ts'
import type { Runbook } from '../language/index.ts'
import { type Catalogue, openOutput } from '../packs/index.ts'
import { isObject, type JsonObject } from '../values/index.ts'
import { affectedBy, worldOf } from './affects.ts'
import { type Draft, type Drawing, draw, drawValues, type HoldDraft, newDrawing, wordedFor } from './draw.ts'
import { type Estimating, type Experience, estimate, estimateOfStep } from './estimates.ts'
import { explore } from './explore.ts'
import { type Knowledge, NOTHING } from './knowledge.ts'
import type { Basis, Hold, Plan, PlanStep } from './model.ts'
import { bytesOf, flat, totalsOf } from './totals.ts'
import { windowOf } from './windows.ts'

export interface PlanRequest {
  readonly runbook: Runbook
  /** With the operations of its packs where requests are to be shown. */
  readonly catalogue: Catalogue
  /** As a run would get them; an input that is not given is unknown. */
  readonly inputs: JsonObject
  readonly targets: JsonObject
  /** As a run would pin the runbook and its packs. */
  readonly pins?: Readonly<Record<string, string>>
  /** What is known of the world, and from where; without it, nothing is. */
  readonly basis?: Basis
  readonly knowledge?: Knowledge
  readonly experience?: Experience
  /** Of transfers. */
  readonly bytesPerSecond?: number
}

export async function planRunbook(request: PlanRequest): Promise<Plan> {
  const { runbook, catalogue, inputs, targets, pins = {}, basis = { kind: 'offline' }, knowledge = NOTHING } = request
  const program = link(runbook, catalogue)
  const drawing = newDrawing(program)
  const complete = await explore({
    program,
    inputs,
    targets,
    knowledge,
    witness: {
      command: (command, state, pass) => draw(drawing, command, state, pass),
      evaluated: (command, shown, pass) => drawValues(drawing, command, shown, pass),
    },
  })
  const { steps, holds, ...sums } = await finish(drawing, request)
  return {
    format: 1,
    runbook: runbook.name,
    version: runbook.version,
    ...(runbook.title === undefined ? {} : { title: runbook.title }),
    pins,
    basis,
    inputs,
    targets,
    steps,
    closes: drawing.closes,
    holds,
    locks: [...drawing.locks],
    reads: basis.kind === 'read' ? knowledge.told() : [],
    totals: sums.totals,
    complete,
  }
}

async function finish(drawing: Drawing, request: PlanRequest) {
  const { catalogue, knowledge = NOTHING, experience, bytesPerSecond } = request
  const actionNamed = (name: string) => actionIn(drawing.program, name)
  const told = knowledge.told()
  const world = worldOf(told, actionNamed)
  const roots = prune(drawing.roots, drawing.ran)
  for (const draft of flat(roots) as Draft[]) {
    if (draft.action === undefined || !isObject(draft.input)) continue
    const action = actionNamed(draft.action)
    draft.requests = await foreseenRequests(catalogue, action, draft.input)
    draft.affects = affectedBy(action, draft.input, world)
  }
  const bytes = bytesOf(roots, actionNamed)
  const estimating: Estimating = {
    drawing,
    bytes,
    ...(experience === undefined ? {} : { experience }),
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
  }
  const place = new Map(flat(roots).map(({ path }, index) => [path, index]))
  const holds: Hold[] = []
  for (const held of drawing.holds.values()) holds.push(await finishHold(drawing, catalogue, held, place, estimating))
  for (const draft of flat(roots) as Draft[]) {
    const duration = estimateOfStep(estimating, draft)
    if (duration !== undefined) draft.duration = duration
  }
  const duration = estimate(estimating, { counts: () => true })
  const totals = totalsOf({ steps: roots, holds, told, bytes, actionNamed })
  return { steps: readable(roots), holds, totals: { ...totals, ...(duration === undefined ? {} : { duration }) } }
}

/** Without the steps whose condition is known to be false. */
function prune(steps: Draft[], ran: ReadonlySet<string>): Draft[] {
  const kept = steps.filter(({ path }) => ran.has(path))
  for (const step of kept) step.steps = prune(step.steps, ran)
  return kept
}

/** What a step does stands first, what is inside it last. */
const readable = (drafts: readonly Draft[]): readonly PlanStep[] =>
  drafts.map(({ requests, affects, acquires, duration, unwind, closes, steps, ...head }) => ({
    ...head,
    requests,
    affects,
    ...(acquires === undefined ? {} : { acquires }),
    ...(duration === undefined ? {} : { duration }),
    unwind,
    closes,
    steps: readable(steps),
  }))

async function finishHold(
  drawing: Drawing,
  catalogue: Catalogue,
  held: HoldDraft,
  place: ReadonlyMap<string, number>,
  estimating: Estimating,
): Promise<Hold> {
  const { program, drafts } = drawing
  const draft = drafts.get(held.hold.path)
  const hold: Hold = {
    ...held.hold,
    releases: await requestsAbout(program, catalogue, held.hold.release, held.releaseInput ?? {}),
    renews: await renewalOf(program, catalogue, held.hold, draft),
    window: windowOf(drawing, held, place, (measured) => estimate(estimating, measured)),
  }
  if (draft) draft.acquires = hold
  return hold
}

const requestsAbout = (program: Program, catalogue: Catalogue, action: string, input: JsonObject) =>
  foreseenRequests(catalogue, actionIn(program, action), input)

async function renewalOf(program: Program, catalogue: Catalogue, { path, type }: Hold, draft: Draft | undefined) {
  const { lease } = resourceNamed(program, type)
  if (!lease || draft?.action === undefined || !isObject(draft.input)) return []
  const handle = wordedFor(draft, openOutput(actionIn(program, draft.action), path))
  return requestsAbout(
    program,
    catalogue,
    lease.renew,
    inputByName(program, lease.renew, { input: draft.input, identity: {}, handle }),
  )
}
