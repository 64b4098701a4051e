// `holdfast run`: checks everything that can be checked, then starts the run and watches it to its end.
import { createApp } from '../app.ts'
import { bindTargets } from '../bind-targets.ts'
import type { RunCommand } from '../command.ts'
import { conduct } from '../conduct.ts'
import { type InputOptions, readInputs } from '../inputs.ts'
import { openLog } from '../log.ts'
import { assertTargets, checkedRunbook, openSession } from '../session.ts'
import { createView, type ViewFormat } from '../views/index.ts'

export interface RunOptions extends InputOptions {
  readonly target: readonly string[]
  readonly format: ViewFormat
}

export const run: RunCommand<[runbook: string], RunOptions> = async (host, options, fileOrName) => {
  const session = await openSession(host, options)
  const loaded = await checkedRunbook(session, fileOrName, { operations: true })
  const { runbook, text, packs, catalogue } = loaded
  const inputs = await readInputs(host, runbook, options)
  const targets = bindTargets(loaded, session.config, options.target)
  assertTargets(session.config, Object.values(targets), catalogue)

  const view = await createView(host, options.format)
  const log = openLog(session.config.stateDirectory, options.logLevel)
  await using app = await createApp(host, { config: session.config, log, observe: view.observe })
  await app.unlock(new Set(Object.values(targets)), catalogue)
  // Awaited here, or the app would be closed under the run.
  return await conduct(host, app, view, await app.engine.start({ runbook, text, packs, inputs, targets }))
}
