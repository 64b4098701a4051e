// Answers to the questions that runs ask. What is wrong with an answer is told to whoever gives it; only a good one reaches the run.
import type { ApprovalRecord, Journal } from '../journal/index.ts'
import type { Approval, ApprovalAnswer } from '../kernel/index.ts'
import { inputsSchema } from '../language/index.ts'
import { fillDefaults, type JsonObject, type SchemaProblem } from '../values/index.ts'
import type { Happening } from './happening.ts'

/** `by` is a record of who answered, as they say; nobody is authenticated. */
export type Answering =
  | { readonly kind: 'grant'; readonly by: string; readonly inputs?: JsonObject }
  | { readonly kind: 'deny'; readonly by: string; readonly reason: string }

export type Answered =
  /** The run hears of it within a second; without a process that performs it, when it is resumed. */
  | { readonly kind: 'taken'; readonly answer: ApprovalAnswer }
  /** Nothing waits at this path, or somebody else has answered. */
  | { readonly kind: 'notWaiting' }
  | { readonly kind: 'tooLate'; readonly approval: Approval }
  | { readonly kind: 'mayNotAnswer'; readonly approval: Approval }
  | { readonly kind: 'inputsInvalid'; readonly approval: Approval; readonly problems: readonly SchemaProblem[] }

/**
 * Answers the question that a run's step at `path` asks, also while no process performs the run. The first answer counts.
 * `now` in milliseconds since 1970, by the clock of the runs.
 */
export async function answerApproval(
  journal: Journal,
  { runId, path, now }: { readonly runId: string; readonly path: string; readonly now: number },
  answering: Answering,
): Promise<Answered> {
  const approval = (await journal.approvals(runId)).find(isOpen(path))?.approval
  if (approval === undefined) return { kind: 'notWaiting' }
  if (approval.until !== undefined && now >= approval.until) return { kind: 'tooLate', approval }
  if (approval.by && !approval.by.includes(answering.by)) return { kind: 'mayNotAnswer', approval }
  const { value, problems } = fillDefaults(inputsSchema(approval), answering.kind === 'grant' ? (answering.inputs ?? {}) : {})
  if (answering.kind === 'grant' && problems.length > 0) return { kind: 'inputsInvalid', approval, problems }
  const answer: ApprovalAnswer = {
    by: answering.by,
    decision:
      answering.kind === 'grant'
        ? { kind: 'granted', inputs: value as JsonObject }
        : { kind: 'denied', reason: answering.reason },
  }
  return (await journal.answerApproval(runId, path, answer)) ? { kind: 'taken', answer } : { kind: 'notWaiting' }
}

type AnswerGiven = Extract<Happening, { kind: 'approvalAnswered' }>

/** What was answered and the run has not taken yet. */
export async function answersGiven(journal: Journal, runId: string): Promise<readonly AnswerGiven[]> {
  const records = await journal.approvals(runId)
  return records.flatMap(({ approval, answer }) =>
    answer ? [{ kind: 'approvalAnswered', approval: approval.path, ...answer }] : [],
  )
}

const isOpen =
  (path: string) =>
  ({ approval, answer }: ApprovalRecord): boolean =>
    approval.path === path && answer === undefined
