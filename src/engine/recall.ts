// What an earlier run tells a plan: the answers its calls got, and how long its steps took. Told again from its journal.
import type { Journal } from '../journal/index.ts'
import type { CallCommand, Report } from '../kernel/index.ts'
import type { ParsePack } from '../packs/index.ts'
import type { JsonObject } from '../values/index.ts'
import { replay } from './history.ts'

export interface Recollection {
  /** Calls of steps that were answered with an output, in the order of the answers. */
  readonly calls: readonly RecalledCall[]
  /** How long each step that succeeded took, and each release, as `path!release`. */
  readonly tookMs: ReadonlyMap<string, number>
}

export interface RecalledCall {
  readonly path: string
  /** Qualified action name. */
  readonly action: string
  readonly input: JsonObject
  readonly output: JsonObject
}

/** Throws RunUnknown. */
export async function recall(journal: Journal, runId: string, parse?: ParsePack): Promise<Recollection> {
  const sent = new Map<string, CallCommand>()
  const calls: RecalledCall[] = []
  const since = new Map<string, number>()
  const tookMs = new Map<string, number>()
  for await (const { event, commands } of replay(journal, runId, parse)) {
    const asked = event.kind === 'callSucceeded' ? sent.get(event.call) : undefined
    if (event.kind === 'callSucceeded' && asked) {
      const { path, action, input } = asked
      calls.push({ path, action, input, output: event.output })
    }
    for (const command of commands) {
      if (command.kind === 'call' && command.purpose === 'step') sent.set(command.id, command)
      if (command.kind === 'report') time(command.report, event.at, since, tookMs)
    }
  }
  return { calls, tookMs }
}

function time(report: Report, at: number, since: Map<string, number>, tookMs: Map<string, number>): void {
  const end = (key: string): void => {
    const startedAt = since.get(key)
    if (startedAt !== undefined) tookMs.set(key, at - startedAt)
  }
  if (report.kind === 'stepStarted') since.set(report.path, at)
  if (report.kind === 'stepEnded' && report.outcome === 'succeeded') end(report.path)
  if (report.kind !== 'obligation') return
  const { id, state } = report.obligation
  if (state === 'releasing') since.set(`${id}!release`, at)
  if (state === 'released') end(`${id}!release`)
}
