// A critical resource is held for as long as it may be, at most: all that may happen until its release is bounded and short.
import type { Diagnostic, Span } from '../../diagnostics/index.ts'
import { type Hold, type HoldPart, holdTooLong, holdUnbounded } from '../codes/index.ts'
import type { Step, UsesStep } from '../model.ts'
import {
  acquiredBy,
  actionOf,
  type Longest,
  lasting,
  longestOf,
  longestOfBlock,
  longestOfSteps,
  oneAfterOther,
  rounds,
  type Surroundings,
  sideBySide,
  surroundingsOf,
  within,
} from './duration.ts'
import { neverRunsUnder } from './opposites.ts'
import type { RunbookCall, Sight, Survey } from './survey.ts'

export function checkHolds({ runbook, catalogue, calls, runbookCalls }: Survey): readonly Diagnostic[] {
  const around = surroundingsOf(runbook, catalogue)
  return [
    ...calls.flatMap(({ step, sight }) => {
      const hold = criticalHold(step, step.id, step.actionSpan, around)
      return hold ? checkHold(hold, untilReleased(step, sight, around)) : []
    }),
    ...runbookCalls.flatMap((call) => checkCalled(call, around)),
  ]
}

/** What the called runbook's own steps acquire is held by the block around the call. Its steps until then are checked with it. */
function checkCalled({ step, sight, runbook }: RunbookCall, around: Surroundings): readonly Diagnostic[] {
  const inside = surroundingsOf(runbook, around.catalogue, around.inside)
  return runbook.steps.flatMap((acquiring, at) => {
    if (acquiring.kind !== 'uses') return []
    const hold = criticalHold(acquiring, `${step.id}/${acquiring.id}`, step.runbookSpan, inside)
    if (!hold) return []
    const { durationMs } = longestOfSteps(runbook.steps.slice(at + 1), inside)
    const start = { worst: lasting(durationMs), parts: [{ name: step.id, durationMs, span: step.idSpan }] }
    return checkHold(hold, untilReleased(step, sight, around, start))
  })
}

interface CriticalHold extends Hold {
  readonly releaseMs: number
}

function criticalHold(step: UsesStep, name: string, span: Span, around: Surroundings): CriticalHold | undefined {
  const { critical, maxHoldMs, release } = acquiredBy(step, around) ?? {}
  const resource = actionOf(step, around)?.resource
  return critical && maxHoldMs !== undefined && release && resource !== undefined
    ? { step: name, span, resource, maxHoldMs, releaseMs: release.timeoutMs }
    : undefined
}

/** `meanwhile`: until the release, of which one try must fit in. */
function checkHold(hold: CriticalHold, { worst, parts }: Meanwhile): readonly Diagnostic[] {
  const { releaseMs, maxHoldMs, span } = hold
  const heldMs = worst.durationMs + releaseMs
  const told = [...parts.filter(({ durationMs }) => durationMs > 0), { name: 'release', durationMs: releaseMs, span }]
  return [
    ...worst.open.map((open) => holdUnbounded(open.span, open.end, hold)),
    ...(heldMs > maxHoldMs ? [holdTooLong(hold, heldMs, told)] : []),
  ]
}

interface Meanwhile {
  readonly worst: Longest
  /** The worst case in the words of a reader: what adds up to it. */
  readonly parts: readonly HoldPart[]
}

const NOTHING: Meanwhile = { worst: lasting(0), parts: [] }

/** What may happen in the rest of the block, and in those around it up to the owner's end. */
function untilReleased(
  step: Pick<UsesStep, 'id' | 'owner'>,
  { blocks, around: enclosing, held }: Sight,
  around: Surroundings,
  start = NOTHING,
): Meanwhile {
  let so = start
  for (const [level, { steps, at }] of blocks.entries()) {
    const rest = steps.slice(at + 1).filter((each) => !neverRunsUnder(held, each))
    const end = rest.findIndex((each) => each.kind === 'end' && each.step === step.id && each.if === undefined)
    so = followedBy(so, end === -1 ? rest : rest.slice(0, end), around)
    const outer = enclosing.at(-2 - level)
    if (outer === undefined || end !== -1) return so
    const owns = step.owner === undefined || step.owner === outer.id
    so = owns ? bounded(so, outer) : besides(so, outer, enclosing.at(-1 - level), around)
    if (owns) return so
  }
  return so
}

function followedBy({ worst, parts }: Meanwhile, steps: readonly Step[], around: Surroundings): Meanwhile {
  const each = steps.map((step) => ({ step, longest: longestOf(step, around) }))
  return {
    worst: oneAfterOther([worst, ...each.map(({ longest }) => longest)]),
    parts: [...parts, ...each.map(({ step, longest: { durationMs } }) => ({ name: step.id, durationMs, span: step.idSpan }))],
  }
}

/** The owner's own `max` ends the hold. */
function bounded(so: Meanwhile, owner: Step): Meanwhile {
  const maxMs = owner.kind === 'scope' ? owner.maxMs : undefined
  return retold(so, within(so.worst, maxMs), owner)
}

/** The hold outlives this block: what runs beside the block, or comes after it within the same step, counts too. */
function besides(so: Meanwhile, outer: Step, inner: Step | undefined, around: Surroundings): Meanwhile {
  switch (outer.kind) {
    case 'scope': {
      const rest = outer.catch && inner && outer.body.steps.includes(inner) ? outer.catch.body.steps : []
      return followedBy(bounded(so, outer), rest, around)
    }
    case 'parallel': {
      const others = outer.branches.filter(({ body }) => !inner || !body.steps.includes(inner))
      return retold(so, sideBySide([so.worst, ...others.map(({ body }) => longestOfBlock(body, around, outer.id))]), outer)
    }
    case 'foreach': {
      const others = rounds(outer, longestOfBlock(outer.body, around, outer.id), around, 1)
      return retold(so, oneAfterOther([so.worst, others]), outer)
    }
    default:
      return so
  }
}

/** The parts as they were, or the whole step where its sum is another one. */
function retold(so: Meanwhile, worst: Longest, { id, idSpan }: Step): Meanwhile {
  const same = worst.durationMs === so.worst.durationMs
  return { worst, parts: same ? so.parts : [{ name: id, durationMs: worst.durationMs, span: idSpan }] }
}
