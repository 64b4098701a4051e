// `holdfast cancel RUN`: asks the process that performs a run to stop it, with clean-up.
import { RunUnknown } from '../../journal/index.ts'
import { openState } from '../app.ts'
import { runNotResumable } from '../codes.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { Refusal } from '../refusal.ts'
import { openSession } from '../session/index.ts'
import { standing } from './runs.ts'

export const run: RunCommand<[run: string], { readonly reason: string }> = async (host, options, id) => {
  const { config } = await openSession(host, options)
  await using journal = await openState(config.stateDirectory)
  const summary = await journal.run(id)
  if (!summary) throw new RunUnknown(id)
  if (summary.status !== 'running') throw new Refusal([runNotResumable(id, `run ${id} has ended: ${summary.status}`)])
  await journal.requestCancel(id, options.reason)
  const interrupted = standing(summary) === 'interrupted'
  host.stdout.write(
    interrupted
      ? `no process performs run ${id}: \`holdfast resume ${id}\` will stop it and clean up\n`
      : `asked run ${id} to stop and clean up\n`,
  )
  return EXIT.done
}
