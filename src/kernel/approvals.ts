// Approvals: a step asks people and goes on when one of them has granted it. A refusal, and time, let it fail.
import type { ApproveStep } from '../language/index.ts'
import { formatDuration, type Json, type JsonObject } from '../values/index.ts'
import type { Approval, ApprovalAnswer, Path } from './model.ts'
import { ownPlain } from './own.ts'
import { stepIn } from './program.ts'
import { blockFrame, type PlainFrame, plainFrame } from './state.ts'
import { failStep, succeed } from './steps.ts'
import { report, setTimer, type Turn } from './turn.ts'
import { failure, textOf } from './visible.ts'

/** The question is known: put it, and wait. */
export function ask(turn: Turn, frame: PlainFrame, { inputs, timeoutMs }: ApproveStep, values: JsonObject): void {
  const { now, approvals } = turn.state
  const by = values.by === undefined ? undefined : namesIn(values.by)
  if (by?.length === 0) {
    return failStep(
      turn,
      frame,
      failure('expressionFailed', `\`by\` is ${textOf(values.by)}, neither a name nor a list of names`),
    )
  }
  const approval: Approval = {
    path: frame.path,
    prompt: textOf(values.prompt),
    ...(by === undefined ? {} : { by }),
    ...(inputs === undefined ? {} : { inputs }),
    askedAt: now,
    ...(timeoutMs === undefined ? {} : { until: now + timeoutMs }),
  }
  approvals[frame.path] = approval
  frame.phase = 'asking'
  if (approval.until !== undefined)
    setTimer(turn, `approval:${frame.path}`, approval.until, { kind: 'approval', path: frame.path })
  report(turn, { kind: 'approval', approval, state: 'asked' })
}

/** None where it is not names. */
function namesIn(by: Json): readonly string[] {
  const names: readonly Json[] = Array.isArray(by) ? by : [by]
  return names.every((name): name is string => typeof name === 'string' && name !== '') ? names : []
}

/** While critical things are let go after a crash nothing goes on: the answer waits. [P5] */
export function answered(turn: Turn, path: Path, { by, decision }: ApprovalAnswer): void {
  const { approvals, phase, now } = turn.state
  const approval = approvals[path]
  if (!approval) return
  const frame = ownPlain(turn, path)
  if (phase === 'recovering') {
    frame.answer ??= { by, decision }
    return
  }
  delete approvals[path]
  report(turn, { kind: 'approval', approval, state: 'answered', answer: { by, decision } })
  switch (decision.kind) {
    case 'granted':
      return succeed(turn, frame, { approved: true, by, at: new Date(now).toISOString(), inputs: decision.inputs })
    case 'denied': {
      const { reason } = decision
      return failStep(turn, frame, failure('denied', `${by} denied it: ${reason}`, { detail: { by, reason } }))
    }
  }
}

/** Nobody has answered in time. */
export function unanswered(turn: Turn, path: Path): void {
  const frame = plainFrame(turn.state, path)
  const step = stepIn(turn.program, blockFrame(turn.state, frame.block))
  const allowed = step.kind === 'approve' && step.timeoutMs !== undefined ? ` within ${formatDuration(step.timeoutMs)}` : ''
  failStep(turn, frame, failure('approvalTimedOut', `nobody answered${allowed}`))
}
