// Verifies a runbook against its packs' manifests: the search, and each counterexample told as a story.
import { apply, link } from '../kernel/index.ts'
import type { Runbook } from '../language/index.ts'
import type { Catalogue } from '../packs/index.ts'
import type { JsonObject } from '../values/index.ts'
import type { Subject, Verdict } from './model.ts'
import { search } from './search.ts'
import { type Story, tell } from './story.ts'
import { failureTable, type Table } from './table.ts'

export interface VerifyRequest {
  readonly runbook: Runbook
  readonly catalogue: Catalogue
  /** As a run would get them; what is not given is unknown, and taken every way. */
  readonly inputs: JsonObject
  readonly targets: JsonObject
  /** Items of a loop over a list that only a run can tell. */
  readonly items: number
  /** Deviations from a good day that may come together. */
  readonly faults: number
  /** States after which the search gives up. */
  readonly maxStates: number
}

export interface Told extends Story {
  /** For `--replay`. */
  readonly replay: string
}

export interface Report extends Verdict {
  readonly runbook: string
  readonly version: string
  readonly stories: readonly Told[]
  /** Resources that nobody lets go while no engine runs. */
  readonly unprotected: readonly string[]
}

/** What the guarantee rests on; printed with every verdict. */
export const ASSUMPTIONS = [
  'manifests tell the truth: effects, failures, `appearsWithin`, lifetimes, idempotency',
  'a release that keeps failing works again when it is reaped',
  'some engine takes a run over after a crash',
  'a call whose answer is lost takes effect at once, within `appearsWithin`, or never',
] as const

const MOST_STORIES = 5

export const subjectOf = ({ runbook, catalogue, inputs, targets, items }: VerifyRequest): Subject => {
  const program = link(runbook, catalogue)
  return { program, truth: program, apply, inputs, targets, items }
}

export async function verifyRunbook(request: VerifyRequest): Promise<Report> {
  const { runbook, faults, maxStates } = request
  const subject = subjectOf(request)
  const verdict = await search(subject, { faults, maxStates, maxViolations: MOST_STORIES })
  const stories: Told[] = []
  for (const { choices } of verdict.violations) {
    const story = await tell(subject, choices)
    if (story) stories.push({ ...story, replay: choices.join('.') })
  }
  const unprotected = Object.values(subject.program.resources).filter(
    ({ deadman }) => deadman === undefined || deadman.by === 'none',
  )
  return {
    runbook: runbook.name,
    version: runbook.version,
    ...verdict,
    stories,
    unprotected: unprotected.map(({ title }) => title),
  }
}

/** The story of moves that an earlier verdict named; undefined when they do not fit this runbook. */
export const replay = (request: VerifyRequest, moves: string): Promise<Story | undefined> =>
  tell(subjectOf(request), moves === '' ? [] : moves.split('.').map(Number))

/** What every single thing that can go wrong leads to. */
export const tabulate = (request: VerifyRequest): Promise<Table> => failureTable(subjectOf(request), request.maxStates)
