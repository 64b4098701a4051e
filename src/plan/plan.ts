// Makes a plan of a runbook: drives the kernel over unknowns and writes down what it does, as a tree.
import {
  actionNamed,
  type Command,
  type EvaluateCommand,
  enclosingSteps,
  link,
  type Obligation,
  type Program,
  type RunState,
  resourceNamed,
  stepAt,
  stepOfBlock,
  unwindOrder,
} from '../kernel/index.ts'
import type { Runbook } from '../language/index.ts'
import type { Catalogue } from '../packs/index.ts'
import type { Json, JsonObject } from '../values/index.ts'
import { explore, type Pass } from './explore.ts'
import type { Certainty, Hold, Plan, PlanStep } from './model.ts'

export interface PlanRequest {
  readonly runbook: Runbook
  readonly catalogue: Catalogue
  /** As a run would get them; an input that is not given is unknown. */
  readonly inputs: JsonObject
  readonly targets: JsonObject
}

/** A step while the tree grows. */
type Draft = { -readonly [K in keyof PlanStep]: PlanStep[K] } & { steps: Draft[]; closes: string[]; unwind: readonly string[] }

interface Drawing {
  readonly program: Program
  readonly roots: Draft[]
  readonly byPath: Map<string, Draft>
  readonly holds: Map<string, Hold>
  readonly locks: Set<string>
  readonly rootCloses: string[]
}

export async function planRunbook({ runbook, catalogue, inputs, targets }: PlanRequest): Promise<Plan> {
  const program = link(runbook, catalogue)
  const drawing: Drawing = { program, roots: [], byPath: new Map(), holds: new Map(), locks: new Set(), rootCloses: [] }
  const complete = await explore(program, inputs, targets, {
    command: (command, state, pass) => draw(drawing, command, state, pass),
    evaluated: (command, values) => drawValues(drawing, command, values),
  })
  return {
    format: 1,
    runbook: runbook.name,
    version: runbook.version,
    ...(runbook.title === undefined ? {} : { title: runbook.title }),
    pins: {},
    basis: { kind: 'offline' },
    inputs,
    targets,
    steps: drawing.roots,
    closes: drawing.rootCloses,
    holds: [...drawing.holds.values()],
    locks: [...drawing.locks],
    reads: [],
    totals: { calls: {}, affects: [], approvals: [], points: [] },
    complete,
  }
}

function draw(drawing: Drawing, command: Command, state: RunState, pass: Pass): void {
  if (command.kind === 'lock') return drawLock(drawing, command.lock, command.name)
  if (command.kind === 'call' && command.purpose === 'release') return drawRelease(drawing, command.path, state)
  if (command.kind !== 'report') return
  const { report } = command
  if (report.kind === 'stepStarted') drawStep(drawing, report.path, state, pass)
  else if (report.kind === 'obligation') drawHold(drawing, report.obligation)
  else if (report.kind === 'stepEnded') {
    const step = drawing.byPath.get(report.path)
    if (step && report.outcome === 'succeeded') step.unwind = unwindOrder(drawing.program, state).map((each) => each.id)
  }
}

function drawStep(drawing: Drawing, path: string, state: RunState, pass: Pass): void {
  if (drawing.byPath.has(path)) return
  const step = stepAt(drawing.program, state, path)
  if (!step) return
  const [parent] = enclosingSteps(state, path)
  const draft: Draft = {
    path,
    id: step.id,
    verb: step.kind,
    certainty: certaintyOf(path, parent, step.if !== undefined, pass),
    requests: [],
    affects: [],
    unwind: [],
    closes: [],
    steps: [],
  }
  drawing.byPath.set(path, draft)
  const siblings = parent === undefined ? drawing.roots : drawing.byPath.get(parent)?.steps
  siblings?.push(draft)
  if (step.kind === 'scope' && step.maxMs !== undefined) draft.timeoutMs = step.maxMs
}

function certaintyOf(path: string, parent: string | undefined, guarded: boolean, pass: Pass): Certainty {
  if (parent !== undefined && path.startsWith(`${parent}!catch/`)) return 'onFailure'
  if (parent !== undefined && pass.each.has(parent)) return 'each'
  return guarded || (parent !== undefined && pass.chosen.has(parent)) ? 'may' : 'will'
}

function drawValues({ byPath, program }: Drawing, { id, path, inputOf }: EvaluateCommand, values: JsonObject): void {
  const step = byPath.get(path)
  if (!step || id !== `${path}?start`) return
  if (inputOf === undefined) {
    const shown = values.in ?? values.on ?? values.value ?? values.message
    if (shown !== undefined) step.input = shown
    return
  }
  const { name, title, effect, timeoutMs } = actionNamed(program, inputOf)
  Object.assign(step, { action: name, title, effect, timeoutMs, input: values.with ?? {} })
}

function drawLock({ byPath, locks }: Drawing, id: string, name: string): void {
  locks.add(name)
  const step = byPath.get(id.slice(0, id.lastIndexOf('!')))
  if (step) step.lock = name
}

function drawHold({ byPath, holds, program }: Drawing, obligation: Obligation): void {
  const step = byPath.get(obligation.id)
  if (!step || holds.has(obligation.id)) return
  const { title, release, critical, maxHoldMs, lease, deadman } = resourceNamed(program, obligation.type)
  const hold: Hold = {
    path: obligation.id,
    type: obligation.type,
    title,
    identity: obligation.identity as Json,
    owner: obligation.owner,
    release: release.action,
    keptOnSuccess: obligation.keepOnSuccess,
    critical,
    ...(maxHoldMs === undefined ? {} : { maxHoldMs }),
    ...(lease === undefined ? {} : { leaseEveryMs: lease.everyMs, leaseLifetimeMs: lease.lifetimeMs }),
    ...(deadman === undefined ? {} : { deadman: deadman.by }),
    releases: [],
    renews: [],
    window: { during: [] },
  }
  holds.set(obligation.id, hold)
  step.acquires = hold
}

function drawRelease({ byPath, rootCloses }: Drawing, path: string, state: RunState): void {
  const owner = stepOfBlock(state, state.obligations[path]?.owner ?? '')
  const closes = owner === undefined ? rootCloses : byPath.get(owner)?.closes
  if (closes && !closes.includes(path)) closes.push(path)
}
