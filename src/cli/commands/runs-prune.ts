// `holdfast runs prune`: removes ended runs that owe nothing once they are old enough, a run at a time, so it may be stopped at any moment.
import type { RunSummary } from '../../journal/index.ts'
import { formatCount } from '../../values/index.ts'
import { openExistingState } from '../app.ts'
import { retentionUnknown } from '../codes.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { Refusal } from '../refusal.ts'
import { openSession } from '../session/index.ts'
import { moment, table } from '../views/index.ts'

interface Options {
  readonly olderThan?: number
  readonly dryRun?: true
  readonly format: 'text' | 'json'
}

export const run: RunCommand<[], Options> = async (host, options) => {
  const { config } = await openSession(host, options)
  const keptMs = options.olderThan ?? config.retentionMs
  if (keptMs === undefined) throw new Refusal([retentionUnknown(config.file)])
  await using existing = await openExistingState(config.stateDirectory)
  const clock = await host.clock()
  const endedBefore = clock.now() - keptMs
  const owing = new Set((await existing?.obligations({ open: true }))?.map(({ runId }) => runId))
  const old = ((await existing?.runs()) ?? []).filter((each) => isOver(each, endedBefore) && !owing.has(each.id))

  const removed: RunSummary[] = []
  for (const each of old) if (options.dryRun || (await existing?.removeRun(each.id))) removed.push(each)
  const documents = options.dryRun || !existing ? 0 : await existing.removeUnusedDocuments()

  if (options.format === 'json') {
    const facts = { dryRun: options.dryRun === true, runs: removed.map(({ id }) => id), documents }
    host.stdout.write(`${JSON.stringify(facts, undefined, 2)}\n`)
    return EXIT.done
  }
  const ended = ({ endedAt = 0 }: RunSummary): string => moment(endedAt)
  if (removed.length > 0) {
    const rows = removed.map((each) => [each.id, each.status, ended(each), `${each.runbook}@${each.runbookVersion}`])
    host.stdout.write(`${table([['RUN', 'STATUS', 'ENDED', 'RUNBOOK'], ...rows], host.stdout)}\n`)
  }
  host.stdout.write(summaryOf(removed.length, documents, options.dryRun === true))
  return EXIT.done
}

/** What a living process has taken up again is not over. */
const isOver = ({ status, endedAt, owner }: RunSummary, endedBefore: number): boolean =>
  status !== 'running' && owner === undefined && endedAt !== undefined && endedAt < endedBefore

function summaryOf(runs: number, documents: number, dry: boolean): string {
  const those = formatCount(runs, 'run')
  if (dry) return `${those} would be removed\n`
  return `${those} removed${documents > 0 ? `, with ${formatCount(documents, 'document')} that nothing refers to any more` : ''}\n`
}
