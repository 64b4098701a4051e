// `holdfast approve RUN [STEP]`: answers what a run asks, wherever and whether it is performed.
import { type Answering, answerApproval } from '../../engine/index.ts'
import { type Journal, RunUnknown } from '../../journal/index.ts'
import type { Approval } from '../../kernel/index.ts'
import { openState } from '../app.ts'
import { approvalAmbiguous, approvalNotWaiting, approverNotListed } from '../codes.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import type { Host } from '../host.ts'
import { Refusal } from '../refusal.ts'
import { type InputOptions, openSession, readInputs } from '../session/index.ts'
import { standing } from './runs.ts'

interface Options extends InputOptions {
  readonly by?: string
  readonly deny?: true
  readonly reason?: string
}

export const run: RunCommand<[run: string, step: string | undefined], Options> = async (host, options, id, step) => {
  if (options.reason !== undefined && !options.deny) {
    host.stderr.write('error: --reason: it says why something is denied, and goes with --deny\n')
    return EXIT.usage
  }
  const { config } = await openSession(host, options)
  await using journal = await openState(config.stateDirectory)
  const summary = await journal.run(id)
  if (!summary) throw new RunUnknown(id)
  const approval = await questionOf(journal, id, step)
  const answering = await answerOf(host, approval, options)
  await give(host, journal, id, approval, answering)
  const done = answering.kind === 'grant' ? 'granted' : 'denied'
  const next =
    standing(summary) === 'interrupted'
      ? `no process performs the run: \`holdfast resume ${id}\` goes on with it`
      : 'the run hears of it within a second'
  host.stdout.write(`${done} ${approval.path} of run ${id} as ${answering.by}; ${next}\n`)
  return EXIT.done
}

/** The one that is named, or the only one. Throws Refusal. */
async function questionOf(journal: Journal, id: string, step: string | undefined): Promise<Approval> {
  const records = await journal.approvals(id)
  const waiting = records.filter(({ answer }) => answer === undefined).map(({ approval }) => approval)
  const paths = waiting.map(({ path }) => path)
  if (step === undefined && waiting.length > 1) throw new Refusal([approvalAmbiguous(id, paths)], { exitCode: EXIT.usage })
  const approval = step === undefined ? waiting[0] : waiting.find(({ path }) => path === step)
  if (!approval) throw new Refusal([approvalNotWaiting(id, step, paths)], { exitCode: EXIT.usage })
  return approval
}

/** Who may answer comes before what the answer has to say: one who may not is not asked for it. Throws Refusal. */
async function answerOf(host: Host, approval: Approval, options: Options): Promise<Answering> {
  const { by = host.userName(), deny, reason = 'no reason given' } = options
  if (approval.by && !approval.by.includes(by)) throw refusedApprover(by, approval)
  return deny ? { kind: 'deny', by, reason } : { kind: 'grant', by, inputs: await readInputs(host, approval, options) }
}

/** Throws Refusal, also when somebody else was faster. */
async function give(host: Host, journal: Journal, runId: string, approval: Approval, answering: Answering): Promise<void> {
  const { path } = approval
  const now = (await host.clock()).now()
  const answered = await answerApproval(journal, { runId, path, now }, answering)
  switch (answered.kind) {
    case 'taken':
      return
    case 'notWaiting':
    case 'tooLate':
      throw new Refusal([approvalNotWaiting(runId, path, [])], { exitCode: EXIT.usage })
    case 'mayNotAnswer':
      throw refusedApprover(answering.by, approval)
    case 'inputsInvalid':
      throw new Error(`inputs that were read for ${path} do not fit it: ${JSON.stringify(answered.problems)}`)
    default:
      return answered satisfies never
  }
}

const refusedApprover = (name: string, { path, by = [] }: Approval): Refusal =>
  new Refusal([approverNotListed(name, path, by)], { exitCode: EXIT.usage })
