// `end` names something that is held, once, and nothing uses it afterwards.
import type { Diagnostic, Span } from '../../diagnostics/index.ts'
import * as codes from '../codes.ts'
import { references } from '../expressions/index.ts'
import type { Block, EndStep, Step } from '../model.ts'
import { earlierStep, earlierSteps, type Sight, type Site, type Survey } from './survey.ts'

/** Where each acquiring step's resource was ended. */
type Ended = Map<Step, Span>

interface Walk {
  readonly found: Diagnostic[]
  readonly broken: ReadonlySet<string>
  readonly acquiring: ReadonlySet<Step>
  /** Steps whose action is not known: what they acquire is not, either. */
  readonly unresolved: ReadonlySet<Step>
  readonly sights: ReadonlyMap<Step, Sight>
  /** A step's own expressions. */
  readonly sites: ReadonlyMap<Step, readonly Site[]>
}

export function checkEnds({ runbook, broken, calls, visits, sites }: Survey): readonly Diagnostic[] {
  const resolved = new Set<Step>(calls.map(({ step }) => step))
  const walk: Walk = {
    found: [],
    broken,
    acquiring: new Set(calls.filter(({ action }) => action.effect === 'acquire').map(({ step }) => step)),
    unresolved: new Set(visits.map(({ step }) => step).filter((step) => step.kind === 'uses' && !resolved.has(step))),
    sights: new Map(visits.map(({ step, sight }) => [step, sight])),
    sites: Map.groupBy(
      sites.filter(({ leaves }) => !leaves),
      ({ sight }) => sight.around.at(-1) as Step,
    ),
  }
  checkSteps(runbook.steps, new Map(), walk)
  return walk.found
}

function checkSteps(steps: readonly Step[], ended: Ended, walk: Walk): void {
  for (const step of steps) {
    checkUses(step, ended, walk)
    if (step.kind === 'end') checkEnd(step, ended, walk)
    // Of the ways one is taken, so each starts from the same; what follows must reckon with any of them.
    const after = waysThrough(step).map((blocks) => {
      const inside = new Map(ended)
      for (const block of blocks) checkSteps(block.steps, inside, walk)
      return inside
    })
    for (const inside of after) for (const [acquired, span] of inside) if (!ended.has(acquired)) ended.set(acquired, span)
  }
}

function checkUses(step: Step, ended: Ended, { found, sites }: Walk): void {
  if (ended.size === 0) return
  for (const { template, sight } of sites.get(step) ?? []) {
    for (const { root, path, span } of references(template)) {
      const [id, property] = path
      const acquired = root === 'steps' && property === 'handle' && id !== undefined ? earlierStep(sight, id) : undefined
      const end = acquired && ended.get(acquired)
      if (end) found.push(codes.usedAfterEnd(span, acquired.id, end))
    }
  }
}

function checkEnd(end: EndStep, ended: Ended, { found, broken, acquiring, unresolved, sights }: Walk): void {
  const sight = sights.get(end)
  const step = sight && earlierStep(sight, end.step)
  if (!sight || broken.has(end.step) || (step && unresolved.has(step))) return
  if (!step || !acquiring.has(step)) {
    const held = earlierSteps(sight).filter((each) => acquiring.has(each))
    const names = held.map(({ id }) => id)
    found.push(codes.endUnknown(end.stepSpan, end.step, names))
    return
  }
  const before = ended.get(step)
  if (before) found.push(codes.endTwice(end.stepSpan, end.step, before))
  else ended.set(step, end.stepSpan)
  const loop = sight.around.findLast(({ kind }) => kind === 'foreach')
  if (loop && !sights.get(step)?.around.includes(loop)) found.push(codes.endInLoop(end.stepSpan, end.step, loop.idSpan))
}

/** The ways in which a step may go: the blocks of one way run together. */
function waysThrough(step: Step): readonly (readonly Block[])[] {
  switch (step.kind) {
    case 'scope':
      return step.catch ? [[step.body], [step.catch.body]] : [[step.body]]
    case 'foreach':
      return [[step.body]]
    case 'parallel':
      return [step.branches.map(({ body }) => body)]
    case 'switch':
      return [...step.cases.map(({ body }) => [body]), ...(step.else ? [[step.else]] : [])]
    case 'uses':
    case 'wait':
    case 'approve':
    case 'runbook':
    case 'end':
    case 'fail':
      return []
  }
}
