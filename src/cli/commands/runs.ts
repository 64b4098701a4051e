// `holdfast runs`: the runs that the journal knows, newest first.
import { type ApprovalRecord, ownerLives, type RunSummary } from '../../journal/index.ts'
import { formatDuration, type JsonObject } from '../../values/index.ts'
import { openState } from '../app.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { openSession } from '../session/index.ts'
import { moment, table } from '../views/index.ts'
import { factsOfRecord } from './approvals.ts'

interface Options {
  readonly status?: RunSummary['status']
  readonly limit: number
  readonly format: 'text' | 'json'
}

export const run: RunCommand<[], Options> = async (host, options) => {
  const { config } = await openSession(host, options)
  await using journal = await openState(config.stateDirectory)
  const { status, limit } = options
  const runs = await journal.runs({ limit, ...(status === undefined ? {} : { status }) })
  const asking = Map.groupBy(await journal.approvals(), ({ runId }) => runId)
  if (options.format === 'json')
    host.stdout.write(
      `${JSON.stringify(
        runs.map((each) => runFacts(each, asking.get(each.id))),
        undefined,
        2,
      )}\n`,
    )
  else if (runs.length === 0) host.stdout.write('no runs\n')
  else
    host.stdout.write(
      table(
        [
          ['RUN', 'STATUS', 'STARTED', 'TOOK', 'RUNBOOK'],
          ...runs.map((each) => [
            each.id,
            standing(each, asking.get(each.id)),
            moment(each.createdAt),
            took(each),
            `${each.runbook}@${each.runbookVersion}`,
          ]),
        ],
        host.stdout,
      ),
    )
  return EXIT.done
}

/** A run whose process died is running only on paper. `asking` are its questions. */
export const standing = ({ status, owner, outcome }: RunSummary, asking: readonly ApprovalRecord[] = []): string => {
  const waits = asking.some(({ answer }) => answer === undefined) ? ', waits for approval' : ''
  if (status === 'running') return `${owner !== undefined && ownerLives(owner) ? 'running' : 'interrupted'}${waits}`
  return outcome && outcome.owed.length > 0 ? `${status}, owing` : status
}

export const took = ({ createdAt, endedAt }: RunSummary): string =>
  endedAt === undefined ? '' : formatDuration(endedAt - createdAt)

export const runFacts = (summary: RunSummary, asking: readonly ApprovalRecord[] = []): JsonObject => {
  const { id, runbook, runbookVersion, inputs, targets, createdAt, endedAt, outcome } = summary
  return {
    run: id,
    status: standing(summary),
    runbook,
    version: runbookVersion,
    inputs,
    targets,
    startedAt: new Date(createdAt).toISOString(),
    ...(endedAt === undefined ? {} : { endedAt: new Date(endedAt).toISOString() }),
    ...(asking.length > 0 ? { approvals: asking.map(factsOfRecord) } : {}),
    ...(outcome ? { outcome: JSON.parse(JSON.stringify(outcome)) } : {}),
  }
}
