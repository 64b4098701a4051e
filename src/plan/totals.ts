// A plan in sum: the longest freeze and hold, bytes, time, calls by target, the blast radius, approvals, restore points.
import { type Action, meaningsIn, meant } from '../packs/index.ts'
import { isObject, type Json } from '../values/index.ts'
import { distinct } from './affects.ts'
import { dataBytes } from './meanings.ts'
import type { Hold, PlannedPoint, PlanStep, Read, Request, Totals } from './model.ts'

export interface Summing {
  readonly steps: readonly PlanStep[]
  readonly holds: readonly Hold[]
  readonly told: readonly Read[]
  readonly bytes: ReadonlyMap<string, number>
  readonly actionNamed: (name: string) => Action
}

export const flat = (steps: readonly PlanStep[]): readonly PlanStep[] => steps.flatMap((step) => [step, ...flat(step.steps)])

export function totalsOf(on: Summing): Totals {
  const steps = flat(on.steps)
  const changing = steps.filter(({ effect }) => effect !== undefined && effect !== 'read')
  const longestFreeze = longest(on.holds.filter(({ critical }) => critical))
  const longestHold = longest(on.holds)
  return {
    ...(longestFreeze === undefined ? {} : { longestFreeze }),
    ...(longestHold === undefined ? {} : { longestHold }),
    ...(on.bytes.size === 0 ? {} : { bytes: [...on.bytes.values()].reduce((sum, each) => sum + each, 0) }),
    calls: callsIn(on, steps),
    affects: distinct(changing.flatMap(({ affects }) => affects)).filter(({ kind }) => kind !== 'disk'),
    approvals: steps.filter(({ verb }) => verb === 'approve').map(({ path }) => path),
    points: changing.flatMap((step) => pointOf(on, step)),
  }
}

/** What may last for ever is the longest; else what lasts longest at worst. */
function longest(holds: readonly Hold[]): Totals['longestHold'] {
  const rank = ({ window }: Hold): number => window.atMostMs ?? Number.POSITIVE_INFINITY
  const likely = ({ window }: Hold): number => window.estimate?.highMs ?? 0
  const [first] = holds.toSorted((a, b) => (rank(a) === rank(b) ? likely(b) - likely(a) : rank(b) - rank(a)))
  if (!first) return undefined
  const { atMostMs, estimate } = first.window
  return { path: first.path, ...(atMostMs === undefined ? {} : { atMostMs }), ...(estimate === undefined ? {} : { estimate }) }
}

// ---- calls ------------------------------------------------------------------------------------------------------

type Count = { reads: number; changes: number; more: boolean }

function callsIn({ holds, actionNamed }: Summing, steps: readonly PlanStep[]): Totals['calls'] {
  const counts: Record<string, Count> = {}
  const countOf = (target: string): Count => {
    const count = counts[target] ?? { reads: 0, changes: 0, more: false }
    counts[target] = count
    return count
  }
  const add = (sent: readonly Pick<Request, 'purpose' | 'target'>[], isRead: boolean, more: boolean): void => {
    for (const { purpose, target } of sent) {
      const count = countOf(target)
      if (purpose === 'call' && !isRead) count.changes += 1
      else if (purpose !== 'page') count.reads += 1
      // How often it is asked, and how many pages there are, is the platform's to say.
      if (more || purpose !== 'call') count.more = true
    }
  }
  // Of a handler, whose wire is its own, at least one call.
  const sent = (requests: readonly Request[], { action, input = null }: PlanStep) =>
    requests.length > 0 || action === undefined
      ? requests
      : targetsIn(actionNamed(action), input).map((target) => ({ purpose: 'call' as const, target }))
  const repeated = new Set(steps.filter(({ certainty }) => certainty === 'each').map(({ path }) => path))
  const isRepeated = (path: string): boolean => [...repeated].some((loop) => path === loop || path.startsWith(`${loop}/`))
  const acquiring = new Map(holds.map((hold) => [hold.path, hold]))
  for (const step of steps) {
    const { path, effect, requests } = step
    if (path.includes('!catch/')) continue
    const more = isRepeated(path)
    add(sent(requests, step), effect === 'read', more)
    const hold = acquiring.get(path)
    if (hold && !hold.keptOnSuccess) add(sent(hold.releases, step), false, more)
    if (hold?.leaseEveryMs !== undefined) add(sent(hold.renews, step), false, true)
  }
  return counts
}

function targetsIn({ input: { properties } }: Action, input: Json): readonly string[] {
  return Object.entries(isObject(properties) ? properties : {}).flatMap(([slot, schema]) => {
    const target = isObject(schema) && schema['x-connection'] !== undefined && isObject(input) ? input[slot] : undefined
    return isObject(target) && typeof target.$target === 'string' ? [target.$target] : []
  })
}

// ---- bytes and points -------------------------------------------------------------------------------------------

/** By path, what each transfer whose extents are known would move. */
export function bytesOf(steps: readonly PlanStep[], actionNamed: Summing['actionNamed']): ReadonlyMap<string, number> {
  const bytes = new Map<string, number>()
  for (const { path, action, effect, input } of flat(steps)) {
    if (action === undefined || effect === 'read' || input === undefined) continue
    const extents = meaningsIn(actionNamed(action).input, input).filter(({ word }) => word === 'extents')
    const sizes = extents.map(({ value }) => dataBytes(value))
    if (sizes.length > 0 && sizes.every((size) => size !== undefined))
      bytes.set(
        path,
        sizes.reduce((sum, size) => sum + size, 0),
      )
  }
  return bytes
}

/** What is given a VM, a level and a consistency, and changes something, makes a restore point. */
function pointOf({ told, actionNamed }: Summing, { path, action, input }: PlanStep): readonly PlannedPoint[] {
  if (action === undefined || input === undefined) return []
  const meanings = meaningsIn(actionNamed(action).input, input)
  const [vm, level, consistency] = ['vm', 'level', 'consistency'].map((word) => meant(meanings, word))
  if (vm === undefined || level === undefined || consistency === undefined) return []
  const previous = previousOf(vm, told, actionNamed)
  return [{ path, vm, level, consistency, ...(previous === undefined ? {} : { previous }) }]
}

function previousOf(vm: Json, told: readonly Read[], actionNamed: Summing['actionNamed']): Json | undefined {
  const times = told.flatMap(({ action, input, result }) => {
    const { input: asked, output } = actionNamed(action)
    if (result.kind !== 'output' || JSON.stringify(meant(meaningsIn(asked, input), 'vm')) !== JSON.stringify(vm)) return []
    return [meant(meaningsIn(output, result.output), 'pointTime') ?? []].flat()
  })
  return times.toSorted().at(-1)
}
