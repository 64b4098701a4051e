// `holdfast lsp`: serves an editor over standard input and output until it says goodbye.
import { serveEditor } from '../../editor/index.ts'
import { createWorkspace } from '../checks/index.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'

export const run: RunCommand<[], object> = async (host, options) => {
  const { shutDown } = await serveEditor({ ...host.streams(), workspace: createWorkspace(host, options), version: host.version })
  return shutDown ? EXIT.done : EXIT.failed
}
