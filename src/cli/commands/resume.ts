// `holdfast resume RUN`: goes on with a run whose process died, with the runbook and packs that it is pinned to.
import { RunNotResumable } from '../../engine/index.ts'
import { openState } from '../app.ts'
import { runNotResumable } from '../codes.ts'
import type { RunCommand } from '../command.ts'
import { Refusal } from '../refusal.ts'
import { conduct, connectionsOfRuns, openRunning } from '../runs/index.ts'
import { openSession } from '../session/index.ts'
import type { ViewFormat } from '../views/index.ts'

export const run: RunCommand<[run: string], { readonly format: ViewFormat; readonly takeOver?: boolean }> = async (
  host,
  options,
  id,
) => {
  const session = await openSession(host, options)
  await using journal = await openState(session.config.stateDirectory)
  const connections = await connectionsOfRuns(host, session, journal, [id])
  await using app = await openRunning(host, session.config, options, { journal, connections })
  try {
    return await conduct(
      host,
      session.config,
      app,
      app.view,
      await app.engine.resume(id, { takeOver: options.takeOver === true }),
    )
  } catch (error) {
    if (!(error instanceof RunNotResumable)) throw error
    const living = (await journal.run(id))?.status === 'running'
    throw new Refusal([runNotResumable(id, error.message, { living })])
  }
}
