// `holdfast approvals`: what runs ask and nobody has answered yet, with the commands that answer.
import type { ApprovalRecord } from '../../journal/index.ts'
import type { JsonObject } from '../../values/index.ts'
import { openState } from '../app.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { openSession } from '../session/index.ts'
import { approvalFacts, approveCommand, moment, table } from '../views/index.ts'

export const run: RunCommand<[], { readonly format: 'text' | 'json' }> = async (host, options) => {
  const { config } = await openSession(host, options)
  await using journal = await openState(config.stateDirectory)
  const records = await journal.approvals()
  if (options.format === 'json') host.stdout.write(`${JSON.stringify(records.map(factsOfRecord), undefined, 2)}\n`)
  else if (records.length === 0) host.stdout.write('no run waits for an approval\n')
  else {
    const rows = records.map(({ runId, approval, answer }) => [
      runId,
      moment(approval.askedAt),
      approval.until === undefined ? '' : moment(approval.until),
      approval.by?.join(', ') ?? 'anybody',
      approval.path,
      answer ? `${approval.prompt} (answered by ${answer.by})` : approval.prompt,
    ])
    host.stdout.write(table([['RUN', 'SINCE', 'UNTIL', 'BY', 'STEP', 'QUESTION'], ...rows], host.stdout))
    const open = records.filter(({ answer }) => answer === undefined)
    if (open.length > 0) host.stdout.write(`\nAnswer with (--deny --reason … to refuse):\n${open.map(commandLine).join('')}`)
  }
  return EXIT.done
}

const commandLine = ({ runId, approval }: ApprovalRecord): string => `  ${approveCommand(runId, approval)}\n`

/** A question as programs see it: with the command that answers it, or with the answer that its run has not taken yet. */
export function factsOfRecord({ runId, approval, answer }: ApprovalRecord): JsonObject {
  return {
    run: runId,
    path: approval.path,
    ...approvalFacts(approval),
    since: new Date(approval.askedAt).toISOString(),
    ...(answer ? { answer: { by: answer.by, decision: { ...answer.decision } } } : { command: approveCommand(runId, approval) }),
  }
}
