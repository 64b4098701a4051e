// `holdfast resume RUN`: goes on with a run whose process died, with the runbook and packs that it is pinned to.
import { RunNotResumable } from '../../engine/index.ts'
import { createApp } from '../app.ts'
import { runNotResumable } from '../codes.ts'
import type { RunCommand } from '../command.ts'
import { conduct } from '../conduct.ts'
import { openLog } from '../log.ts'
import { Refusal } from '../refusal.ts'
import { openSession } from '../session.ts'
import { unlockFor } from '../unlock-run.ts'
import { createView, type ViewFormat } from '../views/index.ts'

export const run: RunCommand<[run: string], { readonly format: ViewFormat }> = async (host, options, id) => {
  const session = await openSession(host, options)
  const view = await createView(host, options.format)
  const log = openLog(session.config.stateDirectory, options.logLevel)
  await using app = await createApp(host, { config: session.config, log, observe: view.observe })
  await unlockFor(app, session, [id])
  try {
    return await conduct(host, app, view, await app.engine.resume(id))
  } catch (error) {
    if (error instanceof RunNotResumable) throw new Refusal([runNotResumable(id, error.message)])
    throw error
  }
}
