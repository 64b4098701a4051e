// What a run's listeners were told, told again from its journal: the same transition function over the same events.
import { type Journal, RunUnknown } from '../journal/index.ts'
import { apply, createState } from '../kernel/index.ts'
import type { Observation } from './model.ts'
import { loadPinned } from './pins.ts'

/** Everything but progress, which is not journalled. Throws RunUnknown. */
export async function* history(journal: Journal, runId: string): AsyncIterable<Observation> {
  const run = await journal.run(runId)
  if (run === undefined) throw new RunUnknown(runId)
  const { program } = await loadPinned(journal, run)
  const { createdAt: startedAt, inputs, targets, runbook } = run
  const state = createState({ runId, startedAt, inputs, targets })
  for await (const event of journal.events(runId)) {
    const { at } = event
    if (event.kind === 'started') yield { runId, at, kind: 'runStarted', runbook, resumed: false }
    if (event.kind === 'restarted' || event.kind === 'reapRequested')
      yield { runId, at, kind: 'runStarted', runbook, resumed: true }
    for (const command of apply(program, state, event)) {
      if (command.kind === 'report') yield { runId, at, kind: 'report', report: command.report }
      if (command.kind === 'finish') yield { runId, at, kind: 'runEnded', outcome: command.outcome }
    }
  }
}
