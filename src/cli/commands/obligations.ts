// `holdfast obligations`: what runs hold on the platforms, the most pressing first, and what to do about it.
import { formatDuration, printable } from '../../values/index.ts'
import { openExistingState } from '../app.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import type { Output } from '../host.ts'
import { type Duty, dutyFacts, openDuties } from '../obligations/index.ts'
import { openSession } from '../session/index.ts'
import { failureWords, inline, table } from '../views/index.ts'

interface Options {
  readonly format: 'text' | 'json'
  readonly olderThan?: number
  readonly target?: string
}

export const run: RunCommand<[], Options> = async (host, options) => {
  const { config } = await openSession(host, options)
  await using journal = await openExistingState(config.stateDirectory)
  const { olderThan, target } = options
  const filter = { ...(olderThan === undefined ? {} : { olderThanMs: olderThan }), ...(target === undefined ? {} : { target }) }
  const clock = await host.clock()
  if (!journal && options.format === 'text') {
    host.stdout.write(`nothing is known to be held: there is no journal in ${config.stateDirectory}\n`)
    return EXIT.done
  }
  const duties = journal ? await openDuties(host, journal, clock.now(), filter) : []
  const isFiltered = olderThan !== undefined || target !== undefined
  host.stdout.write(
    options.format === 'json'
      ? `${JSON.stringify(duties.map(dutyFacts), undefined, 2)}\n`
      : asText(duties, isFiltered, host.stdout),
  )
  return duties.some(({ owed }) => owed) ? EXIT.owing : EXIT.done
}

function asText(duties: readonly Duty[], isFiltered: boolean, output: Output): string {
  if (duties.length === 0) return isFiltered ? 'nothing of that kind is held\n' : 'nothing is held on any platform\n'
  const pressing = duties.filter(({ critical, owed }) => critical && owed)
  return [
    ...pressing.map(outcry),
    ...(pressing.length > 0 ? ['\n'] : []),
    table([['AGE', 'RUN', 'STATE', 'TARGET', 'TYPE', 'IDENTITY', 'STEP', 'LAST FAILURE'], ...duties.map(row)], output),
    '\nholdfast resume RUN goes on with a run that was interrupted; holdfast reap settles what finished runs owe.\n',
  ].join('')
}

const outcry = ({ ageMs, obligation: { type, identity }, targets, command }: Duty): string =>
  `CRITICAL: ${type} ${printable(inline(identity))} on ${targets.join(', ')} is held for ${formatDuration(ageMs)}. Let go of it now: ${command}\n`

const row = ({ ageMs, runId, critical, owed, targets, obligation }: Duty): readonly string[] => {
  const { type, identity, id, state, lastFailure } = obligation
  return [
    formatDuration(ageMs),
    runId,
    `${critical ? 'CRITICAL, ' : ''}${state}${owed && state !== 'owed' ? ', interrupted' : ''}`,
    targets.join(', '),
    type,
    inline(identity),
    id,
    lastFailure ? failureWords(lastFailure) : '',
  ]
}
