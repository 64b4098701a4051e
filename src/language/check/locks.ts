// Locks: none is taken inside itself, and those that are held together are taken in the same order everywhere.
import { type Diagnostic, inReadingOrder, type Span } from '../../diagnostics/index.ts'
import type { CatalogueView } from '../catalogue.ts'
import { type LockOrder, lockHeld, lockOrder } from '../codes/index.ts'
import type { Block, Runbook, Step } from '../model.ts'
import { actionOf, type Surroundings, surroundingsOf } from './duration.ts'
import { callLockName, kindOfLock, type LockName, lockName, shownLock } from './lock-names.ts'
import type { Survey } from './survey.ts'

export function checkLocks({ runbook, catalogue }: Survey): readonly Diagnostic[] {
  const nestings = nestingsOf(runbook, catalogue)
  return [
    ...nestings.flatMap(({ outer, inner }) =>
      isSame(outer, inner) ? [lockHeld(inner.span, shownLock(inner.name), outer.span)] : [],
    ),
    ...circles(nestings).map(([first, ...others]) => lockOrder(first, others)),
  ]
}

/** A runbook, and the packs that it uses. */
export interface RunbookAtHand {
  readonly runbook: Runbook
  readonly catalogue: CatalogueView
}

/** What only several runbooks together show: one takes locks in an order that another turns round. In reading order. */
export function checkLockOrder(runbooks: readonly RunbookAtHand[]): readonly Diagnostic[] {
  const nestings = runbooks.flatMap(({ runbook, catalogue }) => nestingsOf(runbook, catalogue))
  const apart = circles(nestings).filter((circle) => new Set(circle.map(({ span }) => span.file)).size > 1)
  return inReadingOrder(apart.map(([first, ...others]) => lockOrder(first, others)))
}

interface Lock {
  readonly name: LockName
  readonly span: Span
  /** Names that mean something else further in, by where the lock is taken. */
  readonly variables: readonly string[]
}

interface Nesting {
  readonly outer: Lock
  readonly inner: Lock
}

/** Certainly the same lock: the same computation over names that mean the same in both places. */
function isSame({ name: outer, variables: before }: Lock, { name: inner, variables }: Lock): boolean {
  if (outer.start !== inner.start || outer.rest !== inner.rest) return false
  const since = variables.slice(before.length)
  return !since.some((variable) => inner.rest.includes(JSON.stringify(variable)))
}

// ---- what is taken inside what ------------------------------------------------------------------------------------

function nestingsOf(runbook: Runbook, catalogue: CatalogueView): readonly Nesting[] {
  const found: Nesting[] = []
  const block = { steps: runbook.steps, yield: [], span: runbook.span }
  walk(block, { held: [], variables: [], around: surroundingsOf(runbook, catalogue), found })
  return found
}

interface Walk {
  readonly held: readonly Lock[]
  readonly variables: readonly string[]
  readonly around: Surroundings
  /** The step of this runbook that calls the one which is looked into. */
  readonly caller?: { readonly id: string; readonly span: Span }
  readonly found: Nesting[]
}

function walk(block: Block, at: Walk): void {
  for (const step of block.steps) walkStep(step, at)
}

function walkStep(step: Step, at: Walk): void {
  switch (step.kind) {
    case 'uses': {
      const lock = actionOf(step, at.around)?.lock
      if (lock) take(callLockName(lock, step), step.actionSpan, at)
      return
    }
    case 'scope': {
      walk(step.body, step.lock ? take(lockName(step.lock), step.lock.span, at) : at)
      if (step.catch) walk(step.catch.body, { ...at, variables: [...at.variables, 'error'] })
      return
    }
    case 'foreach':
      return walk(step.body, { ...at, variables: [...at.variables, step.as] })
    case 'parallel':
      for (const { body } of step.branches) walk(body, at)
      return
    case 'switch':
      for (const { body } of step.cases) walk(body, at)
      if (step.else) walk(step.else, at)
      return
    case 'runbook': {
      const called = at.around.inside.includes(step.runbook) ? undefined : at.around.catalogue.runbook(step.runbook)
      if (!called) return
      const around = surroundingsOf(called, at.around.catalogue, at.around.inside)
      const block = { steps: called.steps, yield: [], span: called.span }
      return walk(block, { ...at, around, caller: at.caller ?? { id: step.id, span: step.runbookSpan } })
    }
    case 'wait':
    case 'approve':
    case 'end':
    case 'fail':
      return
  }
}

/** What holds inside. What a called runbook computes means something else there, and its place is the call. */
function take(name: LockName, span: Span, at: Walk): Walk {
  const { caller, variables } = at
  const inner: Lock = caller
    ? { name: { ...name, rest: name.rest && `${caller.id} ${name.rest}` }, span: caller.span, variables }
    : { name, span, variables }
  for (const outer of at.held) at.found.push({ outer, inner })
  return { ...at, held: [...at.held, inner] }
}

// ---- orders that go round in a circle -----------------------------------------------------------------------------

type Circle = readonly [LockOrder, ...LockOrder[]]

/** Each circle once, told at its place that is read last. */
function circles(nestings: readonly Nesting[]): readonly Circle[] {
  const orders = ordersOf(nestings)
  const byOuter = Map.groupBy(orders.values(), ({ outer }) => outer)
  const told = new Map<string, Circle>()
  for (const order of [...orders.values()].reverse()) {
    const back = wayBack(order, byOuter)
    if (!back) continue
    const key = JSON.stringify([order, ...back].map(({ inner }) => inner).sort())
    if (!told.has(key)) told.set(key, [order, ...back])
  }
  return [...told.values()]
}

/** One place for each order of two kinds. */
function ordersOf(nestings: readonly Nesting[]): ReadonlyMap<string, LockOrder> {
  const orders = new Map<string, LockOrder>()
  for (const { outer, inner } of nestings) {
    const [before, after] = [kindOfLock(outer.name), kindOfLock(inner.name)]
    if (before === undefined || after === undefined || isSame(outer, inner)) continue
    const key = JSON.stringify([before, after])
    if (!orders.has(key)) orders.set(key, { outer: before, inner: after, span: inner.span })
  }
  return orders
}

/** The shortest way from the inner lock of an order to its outer one; nothing where they are of one kind. */
function wayBack(
  { outer, inner }: LockOrder,
  byOuter: ReadonlyMap<string, readonly LockOrder[]>,
): readonly LockOrder[] | undefined {
  if (outer === inner) return []
  const seen = new Set([inner])
  let ways: readonly (readonly LockOrder[])[] = [[]]
  while (ways.length > 0) {
    const next: (readonly LockOrder[])[] = []
    for (const way of ways) {
      for (const order of byOuter.get(way.at(-1)?.inner ?? inner) ?? []) {
        if (order.inner === outer) return [...way, order]
        if (seen.has(order.inner)) continue
        seen.add(order.inner)
        next.push([...way, order])
      }
    }
    ways = next
  }
  return undefined
}
