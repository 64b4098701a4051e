// `holdfast show RUN`: what happened, step by step, and what is still held. Replayed from the journal.
import { history, type Observation } from '../../engine/index.ts'
import { type ApprovalRecord, RunUnknown } from '../../journal/index.ts'
import { parseUnlessPrepared } from '../../packs/index.ts'
import { formatDuration, type Json } from '../../values/index.ts'
import { openState } from '../app.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { openSession } from '../session/index.ts'
import {
  approveCommand,
  createJsonView,
  createLinesView,
  failureWords,
  inline,
  moment,
  obligationFacts,
  table,
  waitsFor,
} from '../views/index.ts'
import { runFacts, standing, took } from './runs.ts'
import { showAgainstPlan } from './show-plan.ts'

interface Options {
  readonly format: 'text' | 'json'
  /** The saved plan that the run is shown against. */
  readonly plan?: string
}

export const run: RunCommand<[run: string], Options> = async (host, options, id) => {
  const { config } = await openSession(host, options)
  await using journal = await openState(config.stateDirectory)
  const parse = parseUnlessPrepared(host.preparedDirectory)
  const summary = await journal.run(id)
  if (!summary) throw new RunUnknown(id)
  if (options.plan !== undefined) return await showAgainstPlan(host, journal, summary, options.plan, options.format)
  const asking = await journal.approvals(id)
  const open = await journal.obligations({ open: true, runId: id })
  const settled = await journal.obligations({ open: false, runId: id })
  const obligations = [...open, ...settled].map(({ obligation }) => obligation)
  if (options.format === 'json') {
    const events: Json[] = []
    const view = createJsonView({ write: (line) => void events.push(JSON.parse(line)) })
    for await (const observation of history(journal, id, parse)) view.observe(observation)
    host.stdout.write(
      `${JSON.stringify({ ...runFacts(summary, asking), obligations: obligations.map(obligationFacts), events }, undefined, 2)}\n`,
    )
    return EXIT.done
  }

  host.stdout.write(
    table([
      ['run', id],
      ['runbook', `${summary.runbook} ${summary.runbookVersion}`],
      ['status', standing(summary, asking)],
      ['started', moment(summary.createdAt)],
      ['took', took(summary)],
      ...asking.flatMap(waitingRows),
      ...Object.entries(summary.inputs).map(([name, value]) => [`input ${name}`, inline(value)]),
    ]),
  )
  host.stdout.write('\nTimeline (UTC)\n')
  const view = createLinesView(host.stdout)
  const steps = new Map<string, Row>()
  for await (const observation of history(journal, id, parse)) {
    view.observe(observation)
    note(steps, observation)
  }
  host.stdout.write(`\nSteps\n${table([...steps].map(([path, row]) => [`  ${path}`, row.outcome, row.took, row.detail]))}`)
  const rows = obligations.map(({ id: path, type, identity, state, lastFailure }) => [
    `  ${path}`,
    state,
    type,
    inline(identity),
    lastFailure ? failureWords(lastFailure) : '',
  ])
  host.stdout.write(`\nObligations\n${rows.length === 0 ? '  none\n' : table(rows)}`)
  return EXIT.done
}

const waitingRows = ({ runId, approval, answer }: ApprovalRecord): readonly (readonly string[])[] =>
  answer
    ? [['answered', `${approval.path}  by ${answer.by}; taken as soon as the run is performed`]]
    : [
        ['waits', `${approval.path}  ${waitsFor(approval)}`],
        ['answer with', approveCommand(runId, approval)],
      ]

interface Row {
  readonly startedAt: number
  readonly detail: string
  outcome: string
  took: string
}

function note(steps: Map<string, Row>, observation: Observation): void {
  if (observation.kind !== 'report') return
  const { at, report } = observation
  if (report.kind === 'stepStarted')
    steps.set(report.path, { startedAt: at, detail: report.action ?? report.verb, outcome: 'under way', took: '' })
  if (report.kind !== 'stepEnded') return
  const row = steps.get(report.path) ?? { startedAt: at, detail: '', outcome: '', took: '' }
  row.outcome = report.outcome
  row.took = report.outcome === 'skipped' ? '' : formatDuration(at - row.startedAt)
  steps.set(report.path, row)
}
