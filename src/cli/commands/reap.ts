// `holdfast reap [RUN]`: tries again to settle what finished runs still owe.
import { createApp } from '../app.ts'
import type { RunCommand } from '../command.ts'
import { sayOwed } from '../conduct.ts'
import { EXIT } from '../exit-codes.ts'
import { openLog } from '../log.ts'
import { openSession } from '../session.ts'
import { unlockFor } from '../unlock-run.ts'
import { createView, type ViewFormat } from '../views/index.ts'

export const run: RunCommand<[run: string | undefined], { readonly format: ViewFormat }> = async (host, options, id) => {
  const session = await openSession(host, options)
  const view = await createView(host, options.format)
  const log = openLog(session.config.stateDirectory, options.logLevel)
  await using app = await createApp(host, { config: session.config, log, observe: view.observe })
  const open = await app.journal.obligations({ open: true, ...(id === undefined ? {} : { runId: id }) })
  await unlockFor(app, session, id === undefined ? open.map(({ runId }) => runId) : [id])
  const reaped = await app.engine.reap(id)
  for (const { runId, outcome } of reaped) await sayOwed(app, view, runId, outcome)
  await view.close()
  if (reaped.length === 0 && options.format === 'text') host.stdout.write('nothing is owed\n')
  return reaped.some(({ outcome }) => outcome.owed.length > 0) ? EXIT.owing : EXIT.done
}
