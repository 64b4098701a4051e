// What would be let go if the run ended now, in order: asked of the kernel itself, by cancelling a copy of the run. [P10]
import { actionNamed, apply, type Event, forkState, type Program, type RunState } from '../kernel/index.ts'
import { openOutput } from '../packs/index.ts'
import type { EventBody } from './walk.ts'

/** Ids of the obligations in the order of their releases. Calls under way count as having taken effect. */
export function unwindAt(program: Program, state: RunState): readonly string[] {
  if (Object.keys(state.obligations).length === 0) return []
  const copy = forkState(state)
  const order = Object.values(copy.obligations).flatMap((each) => (each.state === 'releasing' ? [each.id] : []))
  const pending: EventBody[] = [{ kind: 'cancelRequested', reason: 'plan' }, ...underWay(copy)]
  for (let next = pending.shift(); next; next = pending.shift()) {
    for (const command of apply(program, copy, { ...next, at: copy.now } as Event)) {
      if (command.kind === 'evaluate') pending.push({ kind: 'evaluated', id: command.id, values: {} })
      if (command.kind !== 'call') continue
      if (command.purpose === 'release' && !order.includes(command.path)) order.push(command.path)
      pending.push({
        kind: 'callSucceeded',
        call: command.id,
        output: openOutput(actionNamed(program, command.action), command.path),
      })
    }
  }
  return order
}

/** Answers to what had been asked for when the run was cancelled. */
function underWay({ evaluations, calls }: RunState): readonly EventBody[] {
  return [
    ...Object.keys(evaluations).map((id): EventBody => ({ kind: 'evaluated', id, values: {} })),
    ...Object.keys(calls).map((call): EventBody => ({ kind: 'callSucceeded', call, output: {} })),
  ]
}
