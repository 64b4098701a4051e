// The longest that steps may take, from what runbook and packs state. What has no known end is told apart; it judges nothing.
import type { Span } from '../../diagnostics/index.ts'
import { isObject, type JsonSchema, parseDuration } from '../../values/index.ts'
import { type ActionView, type CatalogueView, qualify, type ResourceView, resolveUses } from '../catalogue.ts'
import type { OpenEnd } from '../codes/index.ts'
import { DEFAULT_RETRY } from '../defaults.ts'
import { purePathNames } from '../expressions/index.ts'
import type { Block, ForeachStep, Runbook, ScopeStep, Step, Template, UsesStep } from '../model.ts'
import { longestOfTriesMs } from '../tries.ts'

export interface Longest {
  readonly durationMs: number
  /** What takes as long as it takes. */
  readonly open: readonly Open[]
}

export interface Open {
  readonly end: OpenEnd
  readonly span: Span
}

/** What durations are computed from. */
export interface Surroundings {
  readonly catalogue: CatalogueView
  readonly packs: Readonly<Record<string, string>>
  readonly inputs: JsonSchema | undefined
  /** Names of the runbooks that are looked into: none calls itself. */
  readonly inside: readonly string[]
}

export const surroundingsOf = (runbook: Runbook, catalogue: CatalogueView, inside: readonly string[] = []): Surroundings => ({
  catalogue,
  packs: resolveUses(runbook, catalogue.packs),
  inputs: runbook.inputs,
  inside: [...inside, runbook.name],
})

const NOTHING: Longest = { durationMs: 0, open: [] }

export const lasting = (durationMs: number, open: readonly Open[] = []): Longest => ({ durationMs, open })

export const oneAfterOther = (parts: readonly Longest[]): Longest =>
  lasting(
    parts.reduce((sum, { durationMs }) => sum + durationMs, 0),
    parts.flatMap(({ open }) => open),
  )

export const sideBySide = (parts: readonly Longest[]): Longest =>
  lasting(Math.max(0, ...parts.map(({ durationMs }) => durationMs)), oneAfterOther(parts).open)

/** What `max` of a scope leaves of what is inside: it ends all but what must not be there in the first place. */
export function within(inside: Longest, maxMs: number | undefined): Longest {
  if (maxMs === undefined) return inside
  const still = inside.open.filter(({ end }) => end === 'approval' || end === 'transfer')
  return lasting(inside.open.length > 0 ? maxMs : Math.min(inside.durationMs, maxMs), still)
}

export const longestOfSteps = (steps: readonly Step[], around: Surroundings): Longest =>
  oneAfterOther(steps.map((step) => longestOf(step, around)))

/** A block and the release of what its own steps acquire for it. */
export const longestOfBlock = ({ steps }: Block, around: Surroundings, owner: string): Longest =>
  oneAfterOther([longestOfSteps(steps, around), lasting(releasesIn(steps, around, owner))])

export function longestOf(step: Step, around: Surroundings): Longest {
  switch (step.kind) {
    case 'uses':
      return longestOfCall(step, around)
    case 'scope':
      return longestOfScope(step, around)
    case 'foreach':
      return rounds(step, longestOfBlock(step.body, around, step.id), around)
    case 'parallel':
      return sideBySide(step.branches.map(({ body }) => longestOfBlock(body, around, step.id)))
    case 'switch': {
      const bodies = [...step.cases.map(({ body }) => body), ...(step.else ? [step.else] : [])]
      return sideBySide(bodies.map((body) => longestOfBlock(body, around, step.id)))
    }
    case 'wait': {
      const fixedMs = step.mode === 'for' && step.value.kind === 'literal' ? parseDuration(String(step.value.value)) : undefined
      return fixedMs === undefined ? lasting(0, [{ end: 'wait', span: step.value.span }]) : lasting(fixedMs)
    }
    case 'approve':
      return lasting(0, [{ end: 'approval', span: step.idSpan }])
    case 'runbook': {
      const called = around.inside.includes(step.runbook) ? undefined : around.catalogue.runbook(step.runbook)
      if (!called) return NOTHING
      const inside = longestOfSteps(called.steps, surroundingsOf(called, around.catalogue, around.inside))
      // To the reader of this runbook all of it happens at the call.
      const ends = new Set(inside.open.map(({ end }) => end))
      return lasting(
        inside.durationMs,
        [...ends].map((end) => ({ end, span: step.runbookSpan })),
      )
    }
    case 'end':
    case 'fail':
      return NOTHING
  }
}

function longestOfCall(step: UsesStep, around: Surroundings): Longest {
  const action = actionOf(step, around)
  if (!action) return NOTHING
  if (step.stallMs !== undefined || action.resumable) return lasting(0, [{ end: 'transfer', span: step.actionSpan }])
  const durationMs = longestOfTriesMs(step.timeoutMs ?? action.timeoutMs, step.retry ?? DEFAULT_RETRY)
  return lasting(durationMs, action.lock ? [{ end: 'lock', span: step.actionSpan }] : [])
}

function longestOfScope(step: ScopeStep, around: Surroundings): Longest {
  const body = within(longestOfSteps(step.body.steps, around), step.maxMs)
  const lock = lasting(0, step.lock ? [{ end: 'lock', span: step.lock.span }] : [])
  const caught = step.catch ? longestOfBlock(step.catch.body, around, step.id) : NOTHING
  return oneAfterOther([lock, body, lasting(releasesIn(step.body.steps, around, step.id)), caught])
}

/** A loop whose rounds take that long, when so many of its items are through already. */
export function rounds(step: ForeachStep, round: Longest, { inputs }: Surroundings, done = 0): Longest {
  const items = mostItems(step.in, inputs)
  if (items === undefined) return lasting(round.durationMs, [...round.open, { end: 'loop', span: step.in.span }])
  const { concurrency } = step
  const atOnce = concurrency?.kind === 'literal' && typeof concurrency.value === 'number' ? concurrency.value : 1
  const left = Math.max(0, items - done)
  return lasting(Math.ceil(left / atOnce) * round.durationMs, left > 0 ? round.open : [])
}

/** How many items a list holds at most; undefined where nothing tells. */
function mostItems(list: Template, inputs: JsonSchema | undefined): number | undefined {
  if (list.kind === 'list') return list.items.length
  if (list.kind === 'literal') return Array.isArray(list.value) ? list.value.length : 1
  const [root, ...names] = (list.kind === 'expression' ? purePathNames(list.source) : undefined) ?? []
  let schema: unknown = root === 'inputs' ? inputs : undefined
  for (const name of names) schema = isObject(schema) && isObject(schema.properties) ? schema.properties[name] : undefined
  return isObject(schema) && typeof schema.maxItems === 'number' ? schema.maxItems : undefined
}

// ---- what calls mean ----------------------------------------------------------------------------------------------

export function actionOf(step: UsesStep, { packs, catalogue }: Surroundings): ActionView | undefined {
  const name = qualify(packs, step.action)
  return name === undefined ? undefined : catalogue.action(name)
}

export function acquiredBy(step: UsesStep, around: Surroundings): ResourceView | undefined {
  const action = actionOf(step, around)
  const held = action?.effect === 'acquire' ? action.resource : undefined
  return held === undefined ? undefined : around.catalogue.resource(held)
}

/** Time to release what these steps acquire for the block that they stand in, or from further inside for this one by name. */
function releasesIn(steps: readonly Step[], around: Surroundings, owner: string): number {
  let sumMs = 0
  for (const step of steps) {
    if (step.kind !== 'uses' || (step.owner !== undefined && step.owner !== owner)) continue
    sumMs += acquiredBy(step, around)?.release.timeoutMs ?? 0
  }
  return sumMs
}
