// Plays a rehearsal file: the true engine in leaping time, over a far side that does what the file says. Says what is not as expected.

import { isDeepStrictEqual } from 'node:util'
import { answerApproval, createEngine, type StartRequest } from '../../engine/index.ts'
import { createMemoryJournal, type Journal } from '../../journal/index.ts'
import type { Outcome, Report } from '../../kernel/index.ts'
import type { Handlers } from '../../packs/index.ts'
import { type JsonObject, parseDuration, Secret } from '../../values/index.ts'
import { createRehearsalClock, STARTS_AT_MS } from '../clock.ts'
import { live } from '../lives.ts'
import { createFarSide } from './far-side.ts'
import type { Expectation, Played, PlayedCall, Script } from './model.ts'

export interface PlayRequest {
  readonly script: Script
  readonly start: Omit<StartRequest, 'inputs' | 'targets'>
  /** Connection type by the runbook's target. */
  readonly targets: Readonly<Record<string, string>>
  /** Complete and valid. */
  readonly inputs: JsonObject
  /** Handlers that touch nothing, such as those of core: they are true also here. */
  readonly pure: Handlers
}

export async function playScript({ script, start, targets, inputs, pure }: PlayRequest): Promise<Played> {
  const clock = createRehearsalClock(STARTS_AT_MS, () => [])
  const journal = createMemoryJournal()
  const runId = 'rehearsal'
  let awayMs = 0
  const kill = (forMs: number): void => {
    awayMs = forMs
    lives.kill()
  }
  const farSide = createFarSide({
    script,
    clock,
    kill,
    cancel: () => lives.cancel('the rehearsal cancels here'),
  })
  const open = (on: Journal) => ({
    engine: createEngine({
      journal: on,
      handlers: (catalogue) => farSide.handlers(catalogue, pure),
      connection: (target) => ({ target, type: target, settings: {} }),
      clock,
      secret: async () => new Secret('rehearsed'),
      newRunId: () => runId,
      owner: 'rehearsal',
      observe: ({ kind, ...seen }) => {
        if (kind === 'report' && 'report' in seen && seen.report.kind === 'approval') void answerQuestion(seen.report)
      },
    }),
    forget: () => {},
  })
  async function answerQuestion({ approval, state }: Extract<Report, { kind: 'approval' }>): Promise<void> {
    const scripted = script.approvals?.[approval.path]
    if (!scripted || state !== 'asked') return
    const { by, takes = '0s', inputs: given = {}, denies } = scripted
    await clock.sleep(parseDuration(takes) ?? 0)
    const at = { runId, path: approval.path, now: clock.now() }
    await answerApproval(
      journal,
      at,
      denies === undefined ? { kind: 'grant', by, inputs: given } : { kind: 'deny', by, reason: denies },
    )
  }

  const lives = live({
    journal,
    clock,
    runId,
    open,
    awayMs: () => awayMs,
    records: { count: 0, before: () => false, after: () => false },
    start: { ...start, inputs, targets },
  })
  try {
    const { outcome } = await lives.ended
    const owed = (await journal.obligations({ open: true, runId })).map(({ obligation }) => obligation.id)
    if (owed.length > 0) await open(journal).engine.reap(runId)
    return {
      title: script.title,
      problems: [...differences(script.expect, outcome, owed, farSide.calls), ...leftOver(farSide)],
      calls: farSide.calls,
      ...(outcome?.outputs === undefined ? {} : { outputs: outcome.outputs }),
    }
  } finally {
    clock.end()
  }
}

const leftOver = ({ held, unused }: ReturnType<typeof createFarSide>): readonly string[] => [
  ...held().map((path) => `left behind: what ${path} acquired`),
  ...unused().map((name) => `no call asked for all answers of ${name}`),
]

function differences(
  expect: Expectation,
  outcome: Outcome | undefined,
  owed: readonly string[],
  calls: readonly PlayedCall[],
): readonly string[] {
  if (!outcome) return ['the run never ends: it waits for what never comes']
  const changes = calls.filter((call) => call.changes).map(({ name }) => name)
  const { status, failure } = outcome
  return [
    ...(status === expect.status
      ? []
      : [`the run ${status}${failure ? ` (${failure.type}: ${failure.message})` : ''}, not ${expect.status}`]),
    ...(expect.failure === undefined || failure?.type === expect.failure
      ? []
      : [`the failure is ${failure?.type ?? 'none'}, not ${expect.failure}`]),
    ...(expect.changes === undefined || isDeepStrictEqual(changes, expect.changes)
      ? []
      : firstDifference(changes, expect.changes)),
    ...(isDeepStrictEqual([...owed].sort(), [...(expect.owed ?? [])].sort())
      ? []
      : [`owed: ${listed(owed)}, not ${listed(expect.owed ?? [])}`]),
    ...Object.entries(expect.outputs ?? {}).flatMap(([name, value]) =>
      isDeepStrictEqual(outcome.outputs?.[name], value)
        ? []
        : [`output ${name} is ${JSON.stringify(outcome.outputs?.[name]) ?? 'absent'}, not ${JSON.stringify(value)}`],
    ),
  ]
}

function firstDifference(is: readonly string[], expected: readonly string[]): readonly string[] {
  const at = expected.findIndex((name, index) => is[index] !== name)
  const index = at === -1 ? expected.length : at
  return [`change ${index + 1} is ${is[index] ?? 'missing'}, not ${expected[index] ?? 'the end'}; all of them: ${listed(is)}`]
}

const listed = (names: readonly string[]): string => (names.length === 0 ? 'nothing' : names.join(', '))
