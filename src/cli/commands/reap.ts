// `holdfast reap [RUN]`: tries again to settle what finished runs still owe.
import type { Journal } from '../../journal/index.ts'
import { alertOfOwed } from '../alerts/index.ts'
import { openState } from '../app.ts'
import { runInterrupted } from '../codes.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { Refusal } from '../refusal.ts'
import { connectionsOfRuns, openRunning, sayOwed } from '../runs/index.ts'
import { openSession } from '../session/index.ts'
import type { ViewFormat } from '../views/index.ts'
import { standing } from './runs.ts'

export const run: RunCommand<[run: string | undefined], { readonly format: ViewFormat }> = async (host, options, id) => {
  const session = await openSession(host, options)
  await using journal = await openState(session.config.stateDirectory)
  const open = await journal.obligations({ open: true, ...(id === undefined ? {} : { runId: id }) })
  const ids = id === undefined ? open.map(({ runId }) => runId) : [id]
  const connections = await connectionsOfRuns(host, session, journal, ids)
  await using app = await openRunning(host, session.config, options, { journal, connections })
  const reaped = await app.engine.reap(id)
  for (const { runId, outcome } of reaped) {
    await sayOwed(app, app.view, runId, outcome)
    await alertOfOwed(host, session.config, app, runId, outcome)
  }
  await app.view.close()
  await refuseInterrupted(
    journal,
    open.map(({ runId }) => runId),
  )
  if (reaped.length === 0 && options.format === 'text') host.stdout.write('nothing is owed\n')
  return reaped.some(({ outcome }) => outcome.owed.length > 0) ? EXIT.owing : EXIT.done
}

/** What an interrupted run holds is not for reaping, but must not go unsaid: it stays until the run is resumed. */
async function refuseInterrupted(journal: Journal, ids: readonly string[]): Promise<void> {
  const runs = await Promise.all([...new Set(ids)].map((id) => journal.run(id)))
  const interrupted = runs.filter((run) => run !== undefined && standing(run) === 'interrupted')
  const diagnostics = interrupted.flatMap((run) =>
    run ? [runInterrupted(run.id, ids.filter((id) => id === run.id).length)] : [],
  )
  if (diagnostics.length > 0) throw new Refusal(diagnostics, { exitCode: EXIT.owing })
}
