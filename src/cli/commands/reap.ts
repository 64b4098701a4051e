// `holdfast reap [RUN]`: tries again to settle what finished runs still owe.
import { createApp, openState } from '../app.ts'
import type { RunCommand } from '../command.ts'
import { sayOwed } from '../conduct.ts'
import { connectionsOfRuns } from '../connections-of-runs.ts'
import { EXIT } from '../exit-codes.ts'
import { openLog } from '../log.ts'
import { openSession } from '../session.ts'
import { createView, type ViewFormat } from '../views/index.ts'

export const run: RunCommand<[run: string | undefined], { readonly format: ViewFormat }> = async (host, options, id) => {
  const session = await openSession(host, options)
  await using journal = await openState(session.config.stateDirectory)
  const open = await journal.obligations({ open: true, ...(id === undefined ? {} : { runId: id }) })
  const ids = id === undefined ? open.map(({ runId }) => runId) : [id]
  const connections = await connectionsOfRuns(host, session, journal, ids)
  const log = openLog(session.config.stateDirectory, options.logLevel)
  const view = await createView(host, options.format)
  await using app = await createApp(host, { journal, connections, log, observe: view.observe })
  const reaped = await app.engine.reap(id)
  for (const { runId, outcome } of reaped) await sayOwed(app, view, runId, outcome)
  await view.close()
  if (reaped.length === 0 && options.format === 'text') host.stdout.write('nothing is owed\n')
  return reaped.some(({ outcome }) => outcome.owed.length > 0) ? EXIT.owing : EXIT.done
}
