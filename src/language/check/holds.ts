// A critical resource is held for as long as it may be, at most: all that may happen until its release is bounded and short.
import type { Diagnostic } from '../../diagnostics/index.ts'
import { type Hold, type HoldPart, holdTooLong, holdUnbounded } from '../duty-codes.ts'
import type { Step, UsesStep } from '../model.ts'
import {
  type Longest,
  lasting,
  longestOf,
  longestOfBlock,
  oneAfterOther,
  rounds,
  type Surroundings,
  sideBySide,
  surroundingsOf,
  within,
} from './duration.ts'
import type { Call, Sight, Survey } from './survey.ts'

export function checkHolds({ runbook, catalogue, calls }: Survey): readonly Diagnostic[] {
  const around = surroundingsOf(runbook, catalogue)
  return calls.flatMap((call) => checkHold(call, around))
}

function checkHold(call: Call, around: Surroundings): readonly Diagnostic[] {
  const held = longestHold(call, around)
  if (!held) return []
  const { hold, worst, parts } = held
  return [
    ...worst.open.map(({ end, span }) => holdUnbounded(span, end, hold)),
    ...(worst.durationMs > hold.maxHoldMs ? [holdTooLong(hold, worst.durationMs, parts)] : []),
  ]
}

/** From the answer of the acquiring call to the end of the release, one try of that; undefined for what is not critical. */
function longestHold(
  { step, action, sight }: Call,
  around: Surroundings,
): { readonly hold: Hold; readonly worst: Longest; readonly parts: readonly HoldPart[] } | undefined {
  const type = action.effect === 'acquire' ? around.catalogue.resource(action.resource ?? '') : undefined
  if (!type?.critical || type.maxHoldMs === undefined) return undefined
  const hold: Hold = {
    step: step.id,
    span: step.actionSpan,
    resource: action.resource ?? '',
    maxHoldMs: type.maxHoldMs,
  }
  const { worst, parts } = untilReleased(step, sight, around)
  const releaseMs = type.release.timeoutMs
  return {
    hold,
    worst: oneAfterOther([worst, lasting(releaseMs)]),
    parts: [...parts.filter(({ durationMs }) => durationMs > 0), { name: 'release', durationMs: releaseMs, span: step.idSpan }],
  }
}

interface Meanwhile {
  readonly worst: Longest
  /** The worst case in the words of a reader: what adds up to it. */
  readonly parts: readonly HoldPart[]
}

/** What may happen in the rest of the block, and in those around it up to the owner's end. */
function untilReleased(step: UsesStep, { blocks, around: enclosing }: Sight, around: Surroundings): Meanwhile {
  let so: Meanwhile = { worst: lasting(0), parts: [] }
  for (const [level, { steps, at }] of blocks.entries()) {
    const rest = steps.slice(at + 1)
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
