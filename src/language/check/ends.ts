// `end` names something that is held, once, and nothing uses it afterwards.
import type { Diagnostic, Span } from '../../diagnostics/index.ts'
import * as codes from '../codes/index.ts'
import { references } from '../expressions/index.ts'
import type { Block, EndStep, Step, Template } from '../model.ts'
import { type Call, earlierStep, earlierSteps, type Sight, type Site, type Survey } from './survey.ts'

/** Where each acquiring step's resource was ended: by its own `end`, or before that of what it was acquired from. */
type Ended = Map<Step, End>

interface End {
  readonly span: Span
  readonly parent?: Step
  /** The `end` stands under a condition. */
  readonly guarded: boolean
}

interface Walk {
  readonly found: Diagnostic[]
  readonly broken: Survey['broken']
  readonly acquiring: ReadonlySet<Step>
  /** What was acquired from what each step acquired. */
  readonly children: ReadonlyMap<Step, readonly Step[]>
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
    children: childrenOf(calls),
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

function childrenOf(calls: readonly Call[]): ReadonlyMap<Step, readonly Step[]> {
  const pairs = calls.flatMap(({ step, action, sight }) =>
    action.effect === 'acquire' ? handlesIn(step.with, sight).map(({ acquired }) => ({ parent: acquired, child: step })) : [],
  )
  const byParent = Map.groupBy(pairs, ({ parent }) => parent)
  return new Map([...byParent].map(([parent, all]) => [parent, all.map(({ child }) => child)]))
}

/** Each `steps.<id>.handle`, and the step that is meant. */
function handlesIn(template: Template, sight: Sight): readonly { readonly acquired: Step; readonly span: Span }[] {
  return references(template).flatMap(({ root, path: [id, property], span }) => {
    const acquired = root === 'steps' && property === 'handle' && id !== undefined ? earlierStep(sight, id) : undefined
    return acquired ? [{ acquired, span }] : []
  })
}

/** `beside`: what branches that run at the same time may end. */
function checkSteps(steps: readonly Step[], ended: Ended, walk: Walk, beside: ReadonlyMap<Step, Span> = new Map()): void {
  for (const step of steps) {
    checkUses(step, ended, beside, walk)
    if (step.kind === 'end') checkEnd(step, ended, walk)
    // Of the ways one is taken, so each starts from the same; what follows must reckon with any of them.
    const after = waysThrough(step).map((blocks) => {
      const inside = new Map(ended)
      for (const [index, block] of blocks.entries()) {
        const later = step.kind === 'parallel' ? blocks.slice(index + 1).flatMap((other) => endsIn(other, walk)) : []
        checkSteps(block.steps, inside, walk, later.length > 0 ? new Map([...beside, ...later]) : beside)
      }
      return inside
    })
    for (const inside of after) for (const [acquired, end] of inside) if (!ended.has(acquired)) ended.set(acquired, end)
  }
}

/** What the `end` steps of a block are about, and where they stand. */
function endsIn({ steps }: Block, walk: Walk): readonly (readonly [Step, Span])[] {
  return steps.flatMap((step) => {
    if (step.kind !== 'end')
      return waysThrough(step)
        .flat()
        .flatMap((block) => endsIn(block, walk))
    const sight = walk.sights.get(step)
    const acquired = sight && earlierStep(sight, step.step)
    if (!acquired || !walk.acquiring.has(acquired)) return []
    // What was acquired from it goes with it.
    return [acquired, ...descendantsOf(acquired, walk.children)].map((each) => [each, step.stepSpan] as const)
  })
}

const descendantsOf = (step: Step, children: Walk['children']): readonly Step[] =>
  (children.get(step) ?? []).flatMap((child) => [child, ...descendantsOf(child, children)])

function checkUses(step: Step, ended: Ended, beside: ReadonlyMap<Step, Span>, { found, sites }: Walk): void {
  if (ended.size === 0 && beside.size === 0) return
  for (const { template, sight } of sites.get(step) ?? []) {
    for (const { acquired, span } of handlesIn(template, sight)) {
      const end = ended.get(acquired)
      const meanwhile = beside.get(acquired)
      // Under a condition of its own it may just be what happens when nothing was ended.
      if (end && !(end.guarded && sight.held.length > 0)) found.push(usedAfter(span, acquired, end))
      else if (meanwhile) found.push(codes.usedBesideEnd(span, acquired.id, meanwhile))
    }
  }
}

const usedAfter = (span: Span, { id }: Step, { parent, span: ended }: End): Diagnostic =>
  parent ? codes.usedAfterParent(span, id, parent.id, ended) : codes.usedAfterEnd(span, id, ended)

function checkEnd(end: EndStep, ended: Ended, { found, broken, acquiring, children, unresolved, sights }: Walk): void {
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
  const guarded = end.if !== undefined
  if (before && !before.parent && !before.guarded) found.push(codes.endTwice(end.stepSpan, end.step, before.span))
  else note(step, { span: end.stepSpan, guarded }, ended, children)
  const loop = sight.around.findLast(({ kind }) => kind === 'foreach')
  if (loop && !sights.get(step)?.around.includes(loop)) found.push(codes.endInLoop(end.stepSpan, end.step, loop.idSpan))
}

/** Children go before their parent. */
function note(step: Step, end: End, ended: Ended, children: Walk['children']): void {
  ended.set(step, end)
  for (const child of children.get(step) ?? []) if (!ended.has(child)) note(child, { ...end, parent: step }, ended, children)
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
