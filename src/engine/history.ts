// A run told again from its journal: the same transition function over the same events.
import { type Journal, type RunHeader, RunUnknown } from '../journal/index.ts'
import { apply, type Command, createState, type Event, type Program } from '../kernel/index.ts'
import type { Catalogue, ParsePack } from '../packs/index.ts'
import type { Observation } from './model.ts'
import { loadPinned } from './pins.ts'

/** What happened, and what the run did about it. */
export interface Turn {
  readonly event: Event
  readonly commands: readonly Command[]
}

/** What the run was started with, joined with its packs. Throws RunUnknown. */
export async function programOf(journal: Journal, runId: string, parse?: ParsePack): Promise<Program> {
  const run = await journal.run(runId)
  if (run === undefined) throw new RunUnknown(runId)
  return (await loadPinned(journal, run, parse)).program
}

/** The packs and runbooks that the run is pinned to, whatever has become of the files. */
export const catalogueOf = async (journal: Journal, run: RunHeader, parse?: ParsePack): Promise<Catalogue> =>
  (await loadPinned(journal, run, parse)).catalogue

/** Every event of the run with the commands it led to. Throws RunUnknown. */
export async function* replay(journal: Journal, runId: string, parse?: ParsePack): AsyncIterable<Turn> {
  const run = await journal.run(runId)
  if (run === undefined) throw new RunUnknown(runId)
  const { program } = await loadPinned(journal, run, parse)
  const { createdAt: startedAt, inputs, targets } = run
  const state = createState({ runId, startedAt, inputs, targets })
  for await (const event of journal.events(runId)) yield { event, commands: apply(program, state, event) }
}

/** What the run's listeners were told; everything but progress, which is not journalled. Throws RunUnknown. */
export async function* history(journal: Journal, runId: string, parse?: ParsePack): AsyncIterable<Observation> {
  const runbook = (await journal.run(runId))?.runbook ?? ''
  for await (const { event, commands } of replay(journal, runId, parse)) {
    const { at } = event
    if (event.kind === 'started') yield { runId, at, kind: 'runStarted', runbook, resumed: false }
    if (event.kind === 'restarted' || event.kind === 'reapRequested')
      yield { runId, at, kind: 'runStarted', runbook, resumed: true }
    for (const command of commands) {
      if (command.kind === 'report') yield { runId, at, kind: 'report', report: command.report }
      if (command.kind === 'finish') yield { runId, at, kind: 'runEnded', outcome: command.outcome }
    }
  }
}
