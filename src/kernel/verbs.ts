// Steps that are neither calls nor blocks: wait, end, fail (approve stands in `approvals.ts`). And the one place that tells the plain verbs apart.
import type { Failure } from '../packs/index.ts'
import { isObject, type JsonObject, parseDuration } from '../values/index.ts'
import { ask } from './approvals.ts'
import { prepareCall } from './calls.ts'
import { stepIn } from './program.ts'
import { blockFrame, type PlainFrame } from './state.ts'
import { failStep, succeed } from './steps.ts'
import { move, setTimer, type Turn } from './turn.ts'
import { dependsOn, failure, rootsOf, textOf } from './visible.ts'

export function enterPlain(turn: Turn, frame: PlainFrame, values: JsonObject): void {
  const step = stepIn(turn.program, blockFrame(turn.state, frame.block))
  switch (step.kind) {
    case 'uses':
      return prepareCall(turn, frame, isObject(values.with) ? values.with : {})
    case 'wait':
      return wait(turn, frame, step.mode, textOf(values.value))
    case 'approve':
      return ask(turn, frame, step, values)
    case 'end':
      return endEarly(turn, frame, step.step)
    case 'fail':
      return failStep(turn, frame, failure(step.type, textOf(values.message)))
    case 'scope':
    case 'foreach':
    case 'parallel':
    case 'switch':
    case 'runbook':
      throw new Error(`${step.kind} is a block`)
  }
}

function wait(turn: Turn, frame: PlainFrame, mode: 'for' | 'until', text: string): void {
  const { now } = turn.state
  const at = mode === 'until' ? Date.parse(text) : now + (parseDuration(text) ?? Number.NaN)
  if (Number.isNaN(at)) {
    const wanted = mode === 'for' ? 'a duration such as 90s' : 'a moment such as 2026-01-31T02:00:00Z'
    return failStep(turn, frame, failure('expressionFailed', `${text} is not ${wanted}`))
  }
  frame.phase = 'waiting'
  setTimer(turn, `wait:${frame.path}`, at, { kind: 'wait', path: frame.path })
}

/** Releases early what an earlier step acquired. A step that was skipped acquired nothing. */
function endEarly(turn: Turn, frame: PlainFrame, stepId: string): void {
  const { state } = turn
  const { steps } = rootsOf(state, blockFrame(state, frame.block)) as { steps: JsonObject }
  const result = steps[stepId]
  const handle = isObject(result) ? result.handle : undefined
  const id = isObject(handle) ? handle.obligation : undefined
  if (typeof id !== 'string' || !state.obligations[id]) return succeed(turn, frame, {})
  const user = Object.values(state.steps).find((other) => other.kind === 'plain' && dependsOn(state, other.uses, id))
  if (user) return failStep(turn, frame, failure('stillInUse', `${user.path} still uses ${id}`))
  frame.phase = 'releasing'
  frame.uses = [id]
  move(turn, { kind: 'release', obligation: id })
}

/** Something was let go or given up: each `end` that waited goes on, or asks again once the children are gone. */
export function endedEarly(turn: Turn): void {
  for (const step of Object.values(turn.state.steps)) {
    const [id] = step.kind === 'plain' && step.phase === 'releasing' ? step.uses : []
    if (id === undefined) continue
    const open = turn.state.obligations[id]
    if (!open) succeed(turn, step, {})
    else if (open.state === 'owed') failStep(turn, step, notReleased(id, open.lastFailure))
    else move(turn, { kind: 'release', obligation: id })
  }
}

const notReleased = (id: string, last: Failure | undefined): Failure =>
  failure(
    'notReleased',
    `${id} could not be released: ${last?.message ?? 'no answer'}`,
    last?.detail ? { detail: last.detail } : {},
  )
