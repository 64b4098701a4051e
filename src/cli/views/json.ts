// The view for programs: one JSON object a line, as events.ts lists them.
import type { Observation } from '../../engine/index.ts'
import type { Approval, Obligation, Report } from '../../kernel/index.ts'
import type { JsonObject } from '../../values/index.ts'
import type { Output } from '../host.ts'
import type { EventName } from './events.ts'
import { createTransfers } from './transfers.ts'
import type { Notice, View } from './view.ts'
import { approveCommand } from './words.ts'

export function createJsonView(output: Output): View {
  const transfers = createTransfers()
  const print = (event: EventName, at: number, runId: string, facts: object): void =>
    output.write(`${JSON.stringify({ event, at: moment(at), run: runId, ...facts })}\n`)

  function observe(observation: Observation): void {
    const { at, runId } = observation
    switch (observation.kind) {
      case 'runStarted':
        return print('runStarted', at, runId, { runbook: observation.runbook, resumed: observation.resumed })
      case 'report':
        return print(observation.report.kind, at, runId, factsOf(observation.report, runId))
      case 'progress': {
        const reading = transfers(observation)
        if (reading) print('progress', at, runId, { path: observation.path, label: observation.progress.label, ...reading })
        return
      }
      case 'runEnded':
        return print('runEnded', at, runId, observation.outcome)
      default:
        observation satisfies never
    }
  }

  return {
    observe,
    notice: (notice) => print(notice.kind, notice.at, notice.runId, factsOfNotice(notice)),
    close: async () => undefined,
  }
}

function factsOf(report: Report, runId: string): object {
  if (report.kind === 'obligation') return { obligation: obligationFacts(report.obligation) }
  if (report.kind === 'leaseRenewed') return { path: report.path, until: moment(report.untilMs) }
  if (report.kind === 'approval') {
    const { approval, state } = report
    const facts = { path: approval.path, state, ...approvalFacts(approval) }
    if (state === 'asked') return { ...facts, command: approveCommand(runId, approval) }
    return state === 'answered' ? { ...facts, answer: report.answer } : facts
  }
  const { kind: _, ...facts } = report
  return facts
}

const factsOfNotice = (notice: Notice): object => (notice.kind === 'cancelling' ? {} : { owed: notice.owed.map(obligationFacts) })

/** A question as programs see it, wherever it is printed; without its path. */
export const approvalFacts = ({ prompt, by, inputs, until }: Approval): JsonObject => ({
  prompt,
  ...(by ? { by } : {}),
  ...(inputs ? { inputs } : {}),
  ...(until === undefined ? {} : { until: moment(until) }),
})

/** An obligation as programs see it, wherever it is printed. */
export const obligationFacts = ({ id, type, identity, state, lastFailure }: Obligation): JsonObject => ({
  path: id,
  resource: type,
  identity,
  state,
  ...(lastFailure ? { lastFailure: { ...lastFailure } } : {}),
})

const moment = (atMs: number): string => new Date(atMs).toISOString()
