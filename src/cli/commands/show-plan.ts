// `holdfast show RUN --plan FILE`: what was planned beside what happened.
import { replay } from '../../engine/index.ts'
import type { Journal, RunSummary } from '../../journal/index.ts'
import { parseUnlessPrepared } from '../../packs/index.ts'
import {
  basisInWords,
  changeInWords,
  type Estimate,
  type FollowedHold,
  type FollowedStep,
  followPlan,
  otherSetUp,
  planRunbookDiffers,
  type Unlisted,
} from '../../plan/index.ts'
import { formatDuration } from '../../values/index.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import type { Host } from '../host.ts'
import { loadPlan } from '../plans/index.ts'
import { Refusal } from '../refusal.ts'
import { table } from '../views/index.ts'
import { standing, took } from './runs.ts'

/** Answers the exit code of a bug where the run did what its plan does not list, and nothing else explains that. */
export async function showAgainstPlan(
  host: Host,
  journal: Journal,
  run: RunSummary,
  file: string,
  format: 'text' | 'json',
): Promise<ExitCode> {
  const plan = await loadPlan(host, file)
  if (plan.runbook !== run.runbook) throw new Refusal([planRunbookDiffers(file, plan.runbook, run.runbook)])
  const setUp = otherSetUp(plan, run)
  const following = await followPlan(plan, replay(journal, run.id, parseUnlessPrepared(host.preparedDirectory)))
  const { steps, holds, calls, unlisted, toldOtherwise } = following
  const reasons = [
    ...setUp.map((change) => `the run was set up otherwise: ${change.about} ${changeInWords(change)}`),
    ...toldOtherwise.map((path) => `${path} read something else than when the plan was made`),
    ...(plan.complete ? [] : ['the plan is not complete: it says so itself']),
  ]
  const isBug = unlisted.length > 0 && reasons.length === 0
  if (format === 'json') {
    host.stdout.write(`${JSON.stringify({ run: run.id, status: standing(run), setUp, ...following, isBug }, undefined, 2)}\n`)
    return isBug ? EXIT.bug : EXIT.done
  }
  const held = holds.filter(({ state }) => state !== 'void')
  const lines = [
    table([
      ['run', `${run.id}  ${standing(run)}  ${took(run)}`],
      ['plan', `${plan.runbook} ${plan.version}, ${basisInWords(plan.basis)}`],
      ...reasons.map((reason) => ['', reason]),
    ]),
    table([['STEP', 'PLANNED', 'HAPPENED', 'TOOK', 'ESTIMATE'], ...steps.map(stepRow)]),
    held.length === 0 ? 'nothing was held\n' : table([['HELD', 'STATE', 'FOR', 'PLANNED', 'RENEWED'], ...held.map(holdRow)]),
    verdict(calls, unlisted, isBug),
  ]
  host.stdout.write(lines.join('\n'))
  return isBug ? EXIT.bug : EXIT.done
}

function stepRow({ path, planned, outcomes, retries, tookMs, estimate }: FollowedStep): readonly string[] {
  const ends = Object.entries(outcomes).map(([outcome, count]) => (count === 1 ? outcome : `${count} ${outcome}`))
  const tries = retries === 0 ? '' : `, tried again ${retries === 1 ? 'once' : `${retries} times`}`
  return [path, planned, `${ends.length === 0 ? 'not reached' : ends.join(', ')}${tries}`, range(tookMs), estimated(estimate)]
}

function holdRow({
  path,
  state,
  heldMs,
  renewals,
  atMostMs,
  maxHoldMs,
  estimate,
  plannedRenewals,
}: FollowedHold): readonly string[] {
  const bound = atMostMs ?? maxHoldMs
  const isOver = heldMs !== undefined && bound !== undefined && heldMs > bound
  const planned = [estimated(estimate), bound === undefined ? '' : `at most ${formatDuration(bound)}`].filter(
    (each) => each !== '',
  )
  const expected = plannedRenewals ? ` of ${plannedRenewals.low} to ${plannedRenewals.high}` : ''
  return [
    path,
    state,
    heldMs === undefined ? '' : `${formatDuration(heldMs)}${isOver ? ' LONGER THAN PLANNED' : ''}`,
    planned.join(', '),
    renewals === 0 && !plannedRenewals ? '' : `${renewals}${expected}`,
  ]
}

const range = (took: FollowedStep['tookMs']): string => {
  if (!took) return ''
  const [low, high] = [formatDuration(took.low), formatDuration(took.high)]
  return low === high ? low : `${low} to ${high}`
}

const estimated = (estimate: Estimate | undefined): string =>
  estimate ? range({ low: estimate.lowMs, high: estimate.highMs }) : ''

function verdict(calls: number, unlisted: readonly Unlisted[], isBug: boolean): string {
  if (unlisted.length === 0) return `${calls} calls, all of them in the plan\n`
  const lines = unlisted.map((each) =>
    each.kind === 'call'
      ? `  ${each.path}: ${each.purpose === 'step' ? '' : `${each.purpose} `}${each.action}`
      : `  ${each.path}: acquired ${each.type}, owned by ${each.owner}`,
  )
  const why = isBug
    ? 'NOT IN THE PLAN, and nothing explains it. This is a mistake in Holdfast: report it with the plan and the journal.'
    : 'Not in the plan, for the reasons above:'
  return `${calls} calls\n${why}\n${lines.join('\n')}\n`
}
