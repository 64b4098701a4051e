// `holdfast obligations`: what runs hold on the platforms, and what to do about it.
import { openState } from '../app.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { moment } from '../moment.ts'
import { openSession } from '../session.ts'
import { table } from '../table.ts'
import { failureWords, inline, obligationFacts } from '../views/index.ts'

export const run: RunCommand<[], { readonly format: 'text' | 'json' }> = async (host, options) => {
  const { config } = await openSession(host, options)
  await using journal = await openState(config.stateDirectory)
  const open = await journal.obligations({ open: true })
  if (options.format === 'json') {
    const facts = open.map(({ runId, obligation }) => ({
      run: runId,
      ...obligationFacts(obligation),
      since: new Date(obligation.intendedAt).toISOString(),
    }))
    host.stdout.write(`${JSON.stringify(facts, undefined, 2)}\n`)
  } else if (open.length === 0) host.stdout.write('nothing is held on any platform\n')
  else {
    const rows = open.map(({ runId, obligation: { id, type, identity, state, intendedAt, lastFailure } }) => [
      runId,
      state,
      moment(intendedAt),
      type,
      inline(identity),
      id,
      lastFailure ? failureWords(lastFailure) : '',
    ])
    host.stdout.write(table([['RUN', 'STATE', 'SINCE', 'TYPE', 'IDENTITY', 'STEP', 'LAST FAILURE'], ...rows]))
    host.stdout.write(
      '\nholdfast resume RUN goes on with a run that was interrupted; holdfast reap settles what finished runs owe.\n',
    )
  }
  return EXIT.done
}
