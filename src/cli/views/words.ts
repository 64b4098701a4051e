// How a person is told what happens to a run: one wording for each observation, used by every view for people.
import type { Observation } from '../../engine/index.ts'
import type { Approval, Obligation, ObligationState, Outcome, Report } from '../../kernel/index.ts'
import type { Failure } from '../../packs/index.ts'
import { formatDuration, formatSize, type Json, type JsonObject } from '../../values/index.ts'
import type { Reading } from './meter.ts'
import { moment } from './moment.ts'
import type { Notice } from './view.ts'

export interface Line {
  /** Path of the step or obligation; absent for the run itself. */
  readonly path?: string
  readonly text: string
  readonly tone: 'plain' | 'good' | 'bad' | 'warning' | 'faint'
}

export function wordsOfReport(report: Report, runId: string): Line {
  switch (report.kind) {
    case 'stepStarted':
      return { path: report.path, text: report.action ?? report.runbook ?? report.verb, tone: 'faint' }
    case 'itemStarted':
      return { path: report.path, text: report.name ?? report.key, tone: 'faint' }
    case 'stepEnded':
      return { path: report.path, text: endOf(report), tone: TONE_OF_OUTCOME[report.outcome] }
    case 'retrying':
      return {
        path: report.path,
        text: `again in ${formatDuration(report.afterMs)} (attempt ${report.attempt}): ${failureWords(report.failure)}`,
        tone: 'warning',
      }
    case 'lock':
      return {
        path: report.path,
        text: `${report.state === 'waits' ? 'waits for' : 'holds'} the lock ${report.name}`,
        tone: 'faint',
      }
    case 'approval':
      return { path: report.approval.path, ...approvalWords(report, runId) }
    case 'inDoubt':
      return {
        path: report.path,
        text: `in doubt, looking it up on the platform: ${failureWords(report.failure)}`,
        tone: 'warning',
      }
    case 'closing':
      return { path: report.path, text: `closing (${report.because}): releasing what it holds`, tone: 'faint' }
    case 'obligation':
      return obligationWords(report.obligation)
    case 'leaseRenewed':
      return { path: report.path, text: `lease renewed until ${clockTime(report.untilMs)}`, tone: 'faint' }
    default:
      return report satisfies never
  }
}

const TONE_OF_OUTCOME = { succeeded: 'good', failed: 'bad', skipped: 'faint', cancelled: 'warning' } as const

const endOf = ({ outcome, failure }: Extract<Report, { kind: 'stepEnded' }>): string =>
  failure ? `${outcome}: ${failureWords(failure)}` : outcome

const STATE_WORDS: Readonly<Record<ObligationState, string>> = {
  intended: 'about to acquire',
  inDoubt: 'may hold',
  held: 'holding',
  releasing: 'releasing',
  owed: 'STILL OWED',
  released: 'released',
  void: 'never came to be',
  kept: 'kept, as asked for',
}

function approvalWords(report: Extract<Report, { kind: 'approval' }>, runId: string): Omit<Line, 'path'> {
  const { approval } = report
  switch (report.state) {
    case 'asked':
      return { text: `${waitsFor(approval)}; answer with: ${approveCommand(runId, approval)}`, tone: 'warning' }
    case 'withdrawn':
      return { text: 'wants no approval any more', tone: 'warning' }
    case 'answered': {
      const { by, decision } = report.answer
      return decision.kind === 'granted'
        ? { text: `approved by ${by}${given(decision.inputs)}`, tone: 'good' }
        : { text: `denied by ${by}: ${decision.reason}`, tone: 'bad' }
    }
    default:
      return report satisfies never
  }
}

/** `waits for approval by ann or ben until 2026-11-21T10:30:00Z: go on?` */
export function waitsFor({ prompt, by, until }: Approval): string {
  const who = by ? ` by ${by.join(' or ')}` : ''
  return `waits for approval${who}${until === undefined ? '' : ` until ${moment(until)}`}: ${prompt}`
}

const given = (inputs: JsonObject): string => (Object.keys(inputs).length === 0 ? '' : ` (${inline(inputs)})`)

/** The command that grants it, ready to be copied; what is left to say is `…`. */
export function approveCommand(runId: string, { path, inputs, by }: Approval): string {
  const required = Array.isArray(inputs?.required) ? inputs.required : []
  const [only, ...others] = by ?? []
  const name = only === undefined ? [] : ['--by', others.length === 0 ? quoted(only) : '…']
  return ['holdfast approve', runId, quoted(path), ...required.map((each) => `-i ${each}=…`), ...name].join(' ')
}

const quoted = (word: string): string => (/^[\w./@:-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)

/** A failure on the way to a settled end would read as if the end were in doubt. */
const SETTLED: ReadonlySet<ObligationState> = new Set(['released', 'void', 'kept'])

const obligationWords = ({ id, type, identity, state, lastFailure }: Obligation): Line => ({
  path: id,
  text: `${STATE_WORDS[state]} ${type} ${inline(identity)}${lastFailure && !SETTLED.has(state) ? `: ${failureWords(lastFailure)}` : ''}`,
  tone: state === 'owed' ? 'bad' : state === 'inDoubt' ? 'warning' : 'faint',
})

/** `type: message (status 409, code 0x0100)`, then the hint; on one line. Stacks are for the log. */
export function failureWords({ type, message, detail: { stack: _, ...detail } = {}, hint }: Failure): string {
  return `${type}: ${message}${Object.keys(detail).length > 0 ? ` (${inline(detail)})` : ''}${hint ? `. ${hint}` : ''}`
}

export function wordsOfReading({ doneBytes, totalBytes, bytesPerSecond, leftMs }: Reading, label: string): string {
  const rate = bytesPerSecond === undefined ? '' : `, ${formatSize(bytesPerSecond)}/s`
  if (totalBytes === undefined) return `${label}: ${formatSize(doneBytes)} so far${rate}`
  const share = totalBytes === 0 ? 100 : Math.floor((doneBytes * 100) / totalBytes)
  const left = leftMs === undefined || doneBytes >= totalBytes ? '' : `, ${formatDuration(leftMs)} left`
  return `${label}: ${formatSize(doneBytes)} of ${formatSize(totalBytes)} (${share} %)${rate}${left}`
}

export const wordsOfStart = ({ runId, runbook, resumed }: Extract<Observation, { kind: 'runStarted' }>): Line => ({
  text: `run ${runId} of ${runbook} ${resumed ? 'resumed' : 'started'}`,
  tone: 'plain',
})

/** The end of a run as a person wants to read it; several lines. */
export function wordsOfOutcome(runId: string, { status, outputs, failure, owed }: Outcome): readonly Line[] {
  const path = failure?.path ? `at ${failure.path}: ` : ''
  return [
    { text: `run ${runId} ${status}`, tone: status === 'succeeded' ? 'good' : status === 'failed' ? 'bad' : 'warning' },
    ...(failure ? [{ text: `${path}${failureWords(failure)}`, tone: 'bad' } as const] : []),
    ...Object.entries(outputs ?? {}).flatMap(([name, value]) => outputLines(name, value)),
    owed.length === 0
      ? { text: 'nothing is held on any platform', tone: 'faint' }
      : { text: `${owed.length} still held on a platform: ${owed.join(', ')}`, tone: 'bad' },
  ]
}

/** A list has a line for each item. */
function outputLines(name: string, value: Json): readonly Line[] {
  const text = Array.isArray(value)
    ? [`${name}:`, ...value.map((item) => `  ${inline(item)}`)]
    : [`${name}: ${named(name, value)}`]
  return text.map((line) => ({ text: line, tone: 'plain' }))
}

export function wordsOfNotice(notice: Notice): readonly Line[] {
  switch (notice.kind) {
    case 'cancelling':
      return [
        { text: 'cancelling, with clean-up; Ctrl-C again leaves behind what is held, but for what is critical', tone: 'warning' },
      ]
    case 'left':
      return [
        { text: `left at once; ${owedCount(notice.owed)}`, tone: 'bad' },
        ...notice.owed.map(obligationWords),
        { text: `settle it with: holdfast resume ${notice.runId}`, tone: 'bad' },
      ]
    case 'owing':
      return [...notice.owed.map(obligationWords), { text: `settle it with: holdfast reap ${notice.runId}`, tone: 'bad' }]
    default:
      return notice satisfies never
  }
}

const owedCount = (owed: readonly Obligation[]): string =>
  owed.length === 0
    ? 'nothing was held yet'
    : owed.length === 1
      ? 'one thing is still held'
      : `${owed.length} things are still held`

/** A value on one line: `a 1, b two`. */
export function inline(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(inline).join('; ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value as JsonObject)
    .map(([name, each]) => `${name} ${named(name, each)}`)
    .join(', ')
}

/** Numbers carry their unit in their name. */
const named = (name: string, value: Json): string =>
  typeof value === 'number' && /^bytes[A-Z]|Bytes$/.test(name) ? formatSize(value) : inline(value)

/** Time of day in UTC, as in the journal. */
export const clockTime = (atMs: number): string => new Date(atMs).toISOString().slice(11, 19)
