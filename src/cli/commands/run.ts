// `holdfast run`: checks everything that can be checked, then starts the run and watches it to its end.
import { openState } from '../app.ts'
import type { RunCommand } from '../command.ts'
import { openTargets } from '../config/index.ts'
import { conduct, openRunning } from '../runs/index.ts'
import {
  assertSecrets,
  assertTargets,
  bindTargets,
  checkedRunbook,
  type InputOptions,
  openSession,
  readInputs,
} from '../session/index.ts'
import type { ViewFormat } from '../views/index.ts'

export interface RunOptions extends InputOptions {
  readonly target: readonly string[]
  readonly format: ViewFormat
  /** The saved plan that the run is held to. */
  readonly plan?: string
}

export const run: RunCommand<[runbook: string], RunOptions> = async (host, options, fileOrName) => {
  const session = await openSession(host, options)
  const loaded = await checkedRunbook(session, fileOrName, { operations: true })
  const { runbook, text, packs, catalogue } = loaded
  const { plan: file } = options
  const held =
    file === undefined ? undefined : await (await plans()).openPlannedRun(host, session, loaded, { ...options, plan: file })
  const inputs = held?.inputs ?? (await readInputs(host, runbook, options))
  const targets = held?.targets ?? bindTargets(loaded, session.config, options.target)
  assertTargets(session.config, Object.values(targets), catalogue)
  if (held) await (await plans()).refuseDrift(host, session, loaded, held)

  await assertSecrets(host, session.config, inputs)
  const connections = await openTargets(session.config, Object.values(targets), catalogue, host.env)

  await using journal = await openState(session.config.stateDirectory)
  await using app = await openRunning(host, session.config, options, { journal, connections })
  // Awaited here, or the app would be closed under the run.
  return await conduct(
    host,
    session.config,
    app,
    app.view,
    await app.engine.start({ runbook, text, packs, runbooks: loaded.runbooks, inputs, targets }),
  )
}

/** A run that is held to no plan loads nothing that makes one. */
const plans = () => import('../plans/index.ts')
