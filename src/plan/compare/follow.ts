// A plan against a run that has ended: what ran, how often, how long against the estimate, and what the plan did not list. [P10]
import type { CallCommand, Command, Event, Obligation, ObligationState, Path, Report, StepOutcome } from '../../kernel/index.ts'
import type { Certainty, Estimate, Hold, Plan, PlanStep, Read } from '../model.ts'
import { type Listing, listingOf, type MadeCall } from './listing.ts'
import { equal } from './values.ts'

export interface Following {
  readonly steps: readonly FollowedStep[]
  readonly holds: readonly FollowedHold[]
  /** Calls of the run, renewals and releases counted. */
  readonly calls: number
  /** Calls and obligations of the run that are not in the plan. There must be none. */
  readonly unlisted: readonly Unlisted[]
  /** Paths of reads that told the run something else than they told the plan. */
  readonly toldOtherwise: readonly Path[]
}

export interface FollowedStep {
  readonly path: Path
  readonly planned: Certainty
  /** How often it ended how; a step of a loop ran for each item. Empty when it was never started. */
  readonly outcomes: Readonly<Partial<Record<StepOutcome, number>>>
  /** Tries beyond the first. */
  readonly retries: number
  /** Shortest and longest, from its start to its end. */
  readonly tookMs?: { readonly low: number; readonly high: number }
  readonly estimate?: Estimate
}

export interface FollowedHold {
  readonly path: Path
  readonly type: string
  /** Path in the plan; absent where it was not planned. */
  readonly planned?: Path
  readonly state: ObligationState
  /** From the acquiring call to the end of the release; absent while it is held. */
  readonly heldMs?: number
  readonly renewals: number
  readonly critical: boolean
  readonly atMostMs?: number
  readonly maxHoldMs?: number
  readonly estimate?: Estimate
  readonly plannedRenewals?: { readonly low: number; readonly high: number }
}

export type Unlisted =
  | ({ readonly kind: 'call' } & MadeCall)
  | { readonly kind: 'obligation'; readonly path: Path; readonly type: string; readonly owner: Path }

interface Turn {
  readonly event: Event
  readonly commands: readonly Command[]
}

interface Ran {
  outcomes: Partial<Record<StepOutcome, number>>
  retries: number
  tookMs: number[]
}

interface Sight {
  readonly listing: Listing
  readonly ran: Map<Path, Ran>
  readonly startedAt: Map<Path, number>
  readonly obligations: Map<Path, Obligation>
  readonly renewals: Map<Path, number>
  readonly unlisted: Map<string, Unlisted>
  /** The calls of steps that the plan read, by the id of the call. */
  readonly reading: Map<string, Read>
  readonly toldOtherwise: Set<Path>
  calls: number
}

export async function followPlan(plan: Plan, turns: AsyncIterable<Turn> | Iterable<Turn>): Promise<Following> {
  const sight: Sight = {
    listing: listingOf(plan),
    ran: new Map(),
    startedAt: new Map(),
    obligations: new Map(),
    renewals: new Map(),
    unlisted: new Map(),
    reading: new Map(),
    toldOtherwise: new Set(),
    calls: 0,
  }
  const reads = new Map(plan.reads.map((read) => [`${read.action} ${read.path}`, read]))
  for await (const { event, commands } of turns) {
    if (event.kind === 'callSucceeded' || event.kind === 'callFailed') hear(sight, event)
    for (const command of commands) {
      if (command.kind === 'call') seeCall(sight, command, reads)
      if (command.kind === 'report') see(sight, command.report, event.at)
    }
  }
  const { listing, ran, obligations, calls, unlisted, toldOtherwise } = sight
  return {
    steps: [...listing.steps.values()].map((step) => followedStep(step, ran.get(step.path))),
    holds: [...obligations.values()].map((obligation) => followedHold(sight, obligation)),
    calls,
    unlisted: [...unlisted.values()],
    toldOtherwise: [...toldOtherwise],
  }
}

function seeCall(sight: Sight, { id, path, purpose, action }: CallCommand, reads: ReadonlyMap<string, Read>): void {
  const { listing, unlisted, reading } = sight
  sight.calls += 1
  const read = purpose === 'step' ? reads.get(`${action} ${path}`) : undefined
  if (read) reading.set(id, read)
  if (!listing.lists({ path, purpose, action }))
    unlisted.set(`${purpose} ${action} ${path}`, { kind: 'call', path, purpose, action })
}

function hear({ reading, toldOtherwise }: Sight, event: Extract<Event, { kind: 'callSucceeded' | 'callFailed' }>): void {
  const read = reading.get(event.call)
  if (!read) return
  const told = event.kind === 'callSucceeded' ? event.output : { type: event.failure.type }
  const before = read.result.kind === 'output' ? read.result.output : { type: read.result.type }
  if (equal(before, told)) toldOtherwise.delete(read.path)
  else toldOtherwise.add(read.path)
}

function see(sight: Sight, report: Report, at: number): void {
  const { startedAt, listing, unlisted, obligations, renewals } = sight
  switch (report.kind) {
    case 'stepStarted':
      startedAt.set(report.path, at)
      return
    case 'stepEnded': {
      const ran = ranAt(sight, report.path)
      if (!ran) return
      ran.outcomes[report.outcome] = (ran.outcomes[report.outcome] ?? 0) + 1
      if (report.outcome !== 'skipped') ran.tookMs.push(at - (startedAt.get(report.path) ?? at))
      return
    }
    case 'retrying': {
      const ran = ranAt(sight, report.path)
      if (ran) ran.retries += 1
      return
    }
    case 'obligation': {
      const { id, type, owner, state } = report.obligation
      obligations.set(id, report.obligation)
      // What could not be released becomes the run's own, later.
      if (state === 'intended' && !listing.holdsAs(report.obligation))
        unlisted.set(`${type} ${id}`, { kind: 'obligation', path: id, type, owner })
      return
    }
    case 'leaseRenewed':
      renewals.set(report.path, (renewals.get(report.path) ?? 0) + 1)
      return
    case 'itemStarted':
    case 'lock':
    case 'approval':
    case 'inDoubt':
    case 'closing':
      return
    default:
      report satisfies never
  }
}

function ranAt({ listing, ran }: Sight, path: Path): Ran | undefined {
  const planned = listing.stepOf(path)
  if (planned === undefined) return undefined
  const known = ran.get(planned) ?? { outcomes: {}, retries: 0, tookMs: [] }
  ran.set(planned, known)
  return known
}

const followedStep = ({ path, certainty, duration }: PlanStep, ran: Ran | undefined): FollowedStep => ({
  path,
  planned: certainty,
  outcomes: ran?.outcomes ?? {},
  retries: ran?.retries ?? 0,
  ...(ran === undefined || ran.tookMs.length === 0
    ? {}
    : { tookMs: { low: Math.min(...ran.tookMs), high: Math.max(...ran.tookMs) } }),
  ...(duration === undefined ? {} : { estimate: duration }),
})

function followedHold({ listing, renewals }: Sight, { id, type, state, sentAt, settledAt }: Obligation): FollowedHold {
  const planned = listing.holdOf(id)
  const hold: Hold | undefined = listing.holds.get(planned ?? '')
  const { atMostMs, estimate, renewals: plannedRenewals } = hold?.window ?? { during: [] }
  return {
    path: id,
    type,
    ...(planned === undefined ? {} : { planned }),
    state,
    ...(settledAt === undefined ? {} : { heldMs: settledAt - sentAt }),
    renewals: renewals.get(id) ?? 0,
    critical: hold?.critical ?? false,
    ...(atMostMs === undefined ? {} : { atMostMs }),
    ...(hold?.maxHoldMs === undefined ? {} : { maxHoldMs: hold.maxHoldMs }),
    ...(estimate === undefined ? {} : { estimate }),
    ...(plannedRenewals === undefined ? {} : { plannedRenewals }),
  }
}
