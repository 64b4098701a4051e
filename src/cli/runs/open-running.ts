// What `run`, `resume` and `reap` perform runs with: an app whose runs are shown as they go and written to the log.
import type { Journal } from '../../journal/index.ts'
import type { Connection } from '../../packs/index.ts'
import { type App, createApp } from '../app.ts'
import type { GlobalOptions } from '../command.ts'
import type { Config } from '../config/index.ts'
import type { Host } from '../host.ts'
import { secretResolver } from '../session/index.ts'
import { createView, type View, type ViewFormat } from '../views/index.ts'
import { openLog } from './log.ts'

export interface Running extends App {
  readonly view: View
}

/** The caller closes the journal, after the app. */
export async function openRunning(
  host: Host,
  config: Config,
  options: GlobalOptions & { readonly format: ViewFormat },
  { journal, connections }: { readonly journal: Journal; readonly connections: ReadonlyMap<string, Connection> },
): Promise<Running> {
  const log = openLog(config.stateDirectory, options.logLevel)
  const view = await createView(host, options.format)
  const app = await createApp(host, { journal, connections, secret: secretResolver(host, config), log, observe: view.observe })
  return { ...app, view }
}
