// A finished run as a rehearsal file: what every call answered then, so that it can be played again. It reads the journal alone.
import { programOf, replay, type Turn } from '../../engine/index.ts'
import { type Journal, RunUnknown } from '../../journal/index.ts'
import { actionNamed, type CallCommand, type Program } from '../../kernel/index.ts'
import type { Failure, ParsePack } from '../../packs/index.ts'
import type { JsonObject } from '../../values/index.ts'
import type { Script, ScriptedAnswer, ScriptedApproval } from './model.ts'

interface Sent {
  readonly name: string
  readonly command: CallCommand
  readonly atMs: number
  /** Where its answer stands in `answers`, from the moment at which it left. */
  readonly answer: { -readonly [K in keyof ScriptedAnswer]: ScriptedAnswer[K] }
}

interface Recording {
  newestMs: number
  /** The call that began last. */
  newest?: Sent
  readonly program: Program
  readonly answers: Record<string, Sent['answer'][]>
  readonly approvals: Record<string, ScriptedApproval>
  readonly changes: string[]
  readonly waiting: Map<string, Sent>
  /** By name: steps and releases of which nobody knows yet whether they took effect. */
  readonly doubtful: Map<string, Sent>
}

/** `runbook` is what the script names it by. Throws RunUnknown; answers undefined for a run that has not ended. */
export async function scriptOf(journal: Journal, runId: string, runbook: string, parse?: ParsePack): Promise<Script | undefined> {
  const run = await journal.run(runId)
  if (!run) throw new RunUnknown(runId)
  if (!run.outcome) return undefined
  const recording: Recording = {
    newestMs: run.createdAt,
    program: await programOf(journal, runId, parse),
    answers: {},
    approvals: {},
    changes: [],
    waiting: new Map(),
    doubtful: new Map(),
  }
  for await (const turn of replay(journal, runId, parse)) {
    // What was settled later is no part of how the run ended.
    if (turn.event.kind === 'reapRequested') break
    take(recording, turn)
  }
  const { status, failure, owed } = run.outcome
  return {
    rehearsal: 1,
    title: `${run.runbook} ${run.runbookVersion} as run ${runId} met it`,
    runbook,
    inputs: run.inputs,
    answers: recording.answers,
    ...(Object.keys(recording.approvals).length > 0 ? { approvals: recording.approvals } : {}),
    expect: {
      status,
      ...(failure === undefined ? {} : { failure: failure.type }),
      changes: recording.changes,
      ...(owed.length > 0 ? { owed } : {}),
    },
  }
}

function take(recording: Recording, { event, commands }: Turn): void {
  const { waiting, approvals } = recording
  if (event.kind === 'callSucceeded' || event.kind === 'callFailed') {
    const sent = waiting.get(event.call)
    waiting.delete(event.call)
    if (sent) {
      sent.answer.takes = `${event.at - sent.atMs}ms`
      if (event.kind === 'callSucceeded') succeeded(recording, sent, event.output)
      else failed(recording, sent, event.failure)
    }
  }
  if (event.kind === 'cancelRequested' && recording.newest) {
    recording.newest.answer.cancel = [...waiting.values()].includes(recording.newest) ? 'during' : 'after'
  }
  if (event.kind === 'restarted') died(recording, event.at)
  recording.newestMs = event.at
  if (event.kind === 'approvalAnswered') {
    const { by, decision } = event
    approvals[event.approval] = decision.kind === 'granted' ? { by, inputs: decision.inputs } : { by, denies: decision.reason }
  }
  for (const command of commands) if (command.kind === 'call') send(recording, command, event.at)
}

function send(recording: Recording, command: CallCommand, atMs: number): void {
  const { program, answers, changes, waiting } = recording
  const { purpose, path, action, id } = command
  const name = purpose === 'step' ? path : `${purpose} ${path}`
  const answer: Sent['answer'] = {}
  answers[name] = [...(answers[name] ?? []), answer]
  recording.newest = { name, command, atMs, answer }
  waiting.set(id, recording.newest)
  if (purpose === 'release' || (purpose === 'step' && actionNamed(program, action).effect !== 'read')) changes.push(name)
}

function succeeded({ doubtful }: Recording, { command, answer }: Sent, output: JsonObject): void {
  const { purpose, path } = command
  answer.output = output
  if (purpose !== 'find') return
  // The far side of the script remembers what the look-up then told.
  if (output.found === true) tookEffect(doubtful, path, output)
  else tookEffect(doubtful, `release ${path}`)
}

/** What was in doubt has taken effect after all. */
function tookEffect(doubtful: Recording['doubtful'], name: string, output?: JsonObject): void {
  const inDoubt = doubtful.get(name)
  if (!inDoubt) return
  for (const key of ['lost', 'hangs', 'dies'] as const) if (inDoubt.answer[key]) inDoubt.answer[key] = 'after'
  if (output) inDoubt.answer.output = output
  doubtful.delete(name)
}

/** Failures that the engine makes of a call that does not end. */
const CUT_SHORT: ReadonlySet<string> = new Set(['timedOut', 'stalled', 'aborted'])

function failed({ doubtful, program }: Recording, sent: Sent, failure: Failure): void {
  const { answer, command } = sent
  if (CUT_SHORT.has(failure.type)) {
    answer.hangs = 'before'
    delete answer.takes
  } else {
    if (failure.applied === 'maybe') answer.lost = 'before'
    answer.fails = failure.type
    answer.message = failure.message
    answer.retryable = failure.retryable
  }
  const type = Object.values(program.resources).find(({ release }) => release.action === command.action)
  if (type?.release.gone.includes(failure.type)) tookEffect(doubtful, sent.name)
  if (failure.applied !== 'no') doubt(doubtful, sent)
}

/** The call that began last dies with the engine, those before it never answer. */
function died({ waiting, doubtful, newestMs }: Recording, atMs: number): void {
  const all = [...waiting.values()]
  for (const [index, sent] of all.entries()) {
    const isLast = index === all.length - 1
    sent.answer[isLast ? 'dies' : 'hangs'] = 'before'
    if (isLast) sent.answer.away = `${atMs - newestMs}ms`
    doubt(doubtful, sent)
  }
  waiting.clear()
}

function doubt(doubtful: Recording['doubtful'], sent: Sent): void {
  const { purpose } = sent.command
  if (purpose === 'step' || purpose === 'release') doubtful.set(sent.name, sent)
}
