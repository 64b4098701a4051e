// How long steps take together: one after the other, beside each other, round after round. What one of them takes is the
// caller's to say, so that the same fold yields the worst case by time-outs and an estimate from experience.
import { DEFAULT_RETRY, longestOfTriesMs, type Step } from '../language/index.ts'
import { parseDuration } from '../values/index.ts'
import type { Draft, Drawing } from './draw.ts'
import type { Hold } from './model.ts'

export interface Measure {
  readonly drawing: Drawing
  /** Whether the step itself counts; what is inside it is asked about apart. */
  readonly counts: (draft: Draft) => boolean
  /** Of a step without steps; undefined where it may take for ever. */
  readonly leafMs: (draft: Draft, step: Step) => number | undefined
  /** A loop over a list that is unknown, of which one round takes that long. */
  readonly openLoopMs: (draft: Draft, roundMs: number) => number | undefined
  /** Waiting for what another run holds. */
  readonly lockMs: number | undefined
  readonly releaseMs: (hold: string) => number
  /** Time to the release of this hold: what its owner, and those around it, release later does not count. */
  readonly until?: Hold
}

const add = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a + b
const sum = (parts: readonly (number | undefined)[]): number | undefined => parts.reduce<number | undefined>(add, 0)
const most = (parts: readonly (number | undefined)[]): number | undefined =>
  parts.reduce<number | undefined>((a, b) => (a === undefined || b === undefined ? undefined : Math.max(a, b)), 0)

/** Milliseconds of the steps of one block, and of the releases at its end. */
export const blockMs = (on: Measure, block: string, steps: readonly Draft[], closes: readonly string[]): number | undefined =>
  sum([...steps.map((step) => stepMs(on, step)), closingMs(on, block, closes)])

function closingMs({ drawing, releaseMs, until }: Measure, block: string, closes: readonly string[]): number {
  if (until !== undefined && block !== until.owner && (block === 'run' || until.owner.startsWith(`${block}/`))) return 0
  const owned = closes.filter((id) => drawing.holds.get(id)?.hold.owner === block)
  const counted = block === until?.owner ? owned.slice(0, owned.indexOf(until.path) + 1) : owned
  return counted.reduce((total, id) => total + releaseMs(id), 0)
}

export function stepMs(on: Measure, draft: Draft): number | undefined {
  const step = on.drawing.steps.get(draft.path)
  if (!step) return 0
  const counted = on.counts(draft)
  const lock = counted && draft.lock !== undefined ? on.lockMs : 0
  if (draft.steps.length === 0) return counted ? sum([lock, on.leafMs(draft, step), sum(draft.closes.map(on.releaseMs))]) : 0
  return add(lock, innerMs(on, draft, step))
}

function innerMs(on: Measure, draft: Draft, step: Step): number | undefined {
  // A block none of whose steps count is over, or comes too late, and so are its releases.
  const isIn = (each: Draft): boolean => on.counts(each) || each.steps.some(isIn)
  if (!draft.steps.some(isIn)) return 0
  const spans = [...blocksOf(draft)].map(([block, steps]) =>
    isBeside(block, on.until?.owner) || !steps.some(isIn) ? 0 : blockMs(on, block, steps, draft.closes),
  )
  switch (step.kind) {
    case 'scope': {
      const [body, caught = 0] = spans
      return add(step.maxMs === undefined ? body : cutOff(on, draft, step.maxMs, body), caught)
    }
    case 'foreach': {
      const longest = most(spans)
      const isOpen = draft.steps.some(({ certainty }) => certainty === 'each')
      if (isOpen) return longest === undefined ? undefined : on.openLoopMs(draft, longest)
      const stated = on.drawing.concurrency.get(draft.path)
      const atOnce = typeof stated === 'number' && stated >= 1 ? stated : 1
      const rounds = Math.ceil(spans.filter((each) => each !== 0).length / atOnce)
      return longest === undefined ? undefined : Math.min(rounds * longest, sum(spans) ?? Number.POSITIVE_INFINITY)
    }
    case 'parallel':
      return most(spans)
    case 'switch':
      return most(
        [...step.cases.map(({ body }) => body), ...(step.else ? [step.else] : [])].map((body) => caseMs(on, draft, body.steps)),
      )
    default:
      return sum(spans)
  }
}

const blocksByDraft = new WeakMap<readonly Draft[], ReadonlyMap<string, readonly Draft[]>>()

/** The steps inside, by the block that they stand in: a loop has one for each item. */
function blocksOf({ steps }: Draft): ReadonlyMap<string, readonly Draft[]> {
  const known = blocksByDraft.get(steps)
  if (known) return known
  const blocks = Map.groupBy(steps, ({ path }) => path.slice(0, path.lastIndexOf('/')))
  blocksByDraft.set(steps, blocks)
  return blocks
}

/** Neither around nor inside the owner: what happens there is not waited for. */
const isBeside = (block: string, owner = 'run'): boolean =>
  owner !== 'run' && block !== owner && !block.startsWith(`${owner}/`) && !owner.startsWith(`${block}/`)

/** `max` ends what is under way, but what was acquired is let go all the same. */
function cutOff(on: Measure, draft: Draft, maxMs: number, body: number | undefined): number | undefined {
  const releasing: Measure = { ...on, leafMs: () => 0, openLoopMs: (_, roundMs) => roundMs, lockMs: 0 }
  const after = blockMs(releasing, draft.path, bodyOf(draft), draft.closes)
  return Math.min(body ?? Number.POSITIVE_INFINITY, maxMs + (after ?? 0))
}

const bodyOf = ({ path, steps }: Draft): readonly Draft[] => steps.filter((step) => !step.path.startsWith(`${path}!catch/`))

/** All cases draw into one block: what is of this one, its steps' ids tell. */
function caseMs(on: Measure, draft: Draft, steps: readonly Step[]): number | undefined {
  const ids = new Set(steps.map(({ id }) => id))
  return blockMs(
    on,
    draft.path,
    draft.steps.filter(({ id }) => ids.has(id)),
    draft.closes,
  )
}

/** The longest that a step without steps may take, by time-outs; undefined where nothing bounds it. */
export function worstMs(draft: Draft, step: Step): number | undefined {
  switch (step.kind) {
    case 'uses':
      return draft.timeoutMs === undefined ? undefined : longestOfTriesMs(draft.timeoutMs, step.retry ?? DEFAULT_RETRY)
    case 'wait':
      return step.mode === 'for' && typeof draft.input === 'string' ? parseDuration(draft.input) : undefined
    case 'approve':
      return step.timeoutMs
    default:
      return 0
  }
}
