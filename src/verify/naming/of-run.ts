// What is told of a run's state: what can still decide something, and nothing else.
import {
  type BlockFrame,
  blockAt,
  type Obligation,
  type PendingCall,
  type Program,
  type RunState,
  resourceNamed,
  type StepFrame,
} from '../../kernel/index.ts'
import type { Failure } from '../../packs/index.ts'
import { stepOfPath } from '../document.ts'
import { asksAboutErrors, namedTypes } from '../failures.ts'
import { identityOf } from '../identity.ts'
import type { Node, Subject } from '../model.ts'
import { add, addSum, at } from './lines.ts'
import { isLive, liveIn } from './live.ts'
import { once, type Part, type Visit, type Words } from './part.ts'

const NOTHING: ReadonlySet<string> = new Set()

export function partsOfRun({ program }: Subject, words: Words): (visit: Visit) => void {
  const { of: line, ofAll, worded, timers: timersOf } = words
  const asks = asksAboutErrors(program)
  const named = namedTypes(program)

  /** Of a failure only that decides something which a list, a retry or a condition looks at. */
  const failureText = (failure: Failure | undefined): string =>
    failure === undefined
      ? ''
      : asks
        ? identityOf(failure)
        : `${named.has(failure.type) ? failure.type : ''} ${failure.retryable} ${failure.applied}`

  // ---- blocks and steps -----------------------------------------------------------------------------------------

  function blockTexts(block: BlockFrame, entered: boolean): readonly string[] {
    const { path, variant, phase, next, active, outputs, yielded, variables, called, failure, cancelled, clean, owned } = block
    const live = phase === 'closing' ? NOTHING : liveIn(blockAt(program, block), next, entered)
    const texts = [`b ${path} ${variant} ${phase} ${next} ${active} ${failureText(failure)} ${cancelled} ${clean}`]
    if (called) texts.push(`c ${path} ${identityOf(called.inputs)} ${identityOf(called.targets)}`)
    for (const name in outputs) if (isLive(live, name)) texts.push(`o ${path} ${name} ${identityOf(outputs[name])}`)
    for (const name in variables) if (isLive(live, name)) texts.push(`v ${path} ${name} ${identityOf(variables[name])}`)
    for (const name in yielded) texts.push(`y ${path} ${name} ${identityOf(yielded[name])}`)
    for (let index = 0; index < owned.length; index += 1) texts.push(`w ${path} ${index} ${owned[index]}`)
    return texts
  }
  const isEntered = ({ state }: Node, { active }: BlockFrame): boolean =>
    active !== undefined && state.steps[active]?.phase !== 'evaluating'

  const blockSum = once((block: BlockFrame, node) => ofAll(blockTexts(block, isEntered(node, block))))

  const blocks: Part<BlockFrame> = {
    of: ({ state }) => state.blocks,
    add: (sum, sign, view, _, block) => addSum(sum, sign, blockSum(block, view)),
    isMoved: (before, node, _, block) => isEntered(before, block) !== isEntered(node, block),
  }

  const compound = once((step: StepFrame & { kind: 'compound' }, { state }: Node) => {
    const { path, phase, dirtyClose, children, loop, pending, ok, failed, failure } = step
    const texts = [`s ${path} ${phase} ${stoppingOf(step)} ${dirtyClose} ${pending} ${failureText(failure)}`]
    if (loop) {
      const { items, concurrency, nextItem, keys } = loop
      // Until its key is known, an item that has begun may be begun again after a crash.
      const from = pending > children.length ? 0 : nextItem
      if (from < items.length) {
        texts.push(`l ${path} ${concurrency} ${nextItem}`)
        for (let index = from; index < items.length; index += 1) texts.push(`i ${path} ${index} ${identityOf(items[index])}`)
        for (const key in keys) texts.push(`k ${path}[${key}]`)
      }
    }
    const block = state.blocks[step.block]
    if (block && isLive(liveIn(blockAt(program, block), block.next + 1, false), step.id)) {
      for (const { key, value } of ok) texts.push(`k ${path}[${key}] ${identityOf(value)}`)
      for (const { key, error } of failed) texts.push(`f ${path}[${key}] ${asks ? identityOf(error) : ''}`)
    }
    return ofAll(texts)
  })

  const stoppingOf = ({ stopping }: StepFrame): string => (stopping === 'cancelled' ? stopping : failureText(stopping))

  const plain = once((step: StepFrame & { kind: 'plain' }) => {
    const { path, phase, input, uses, tries, generation, mayHaveApplied, answer, failure, lookups } = step
    return line(
      `p ${path} ${phase} ${stoppingOf(step)} ${identityOf(input)} ${uses.join()} ${tries} ${keyLifetimeOf(program, path) > 0 ? generation : ''} ${mayHaveApplied} ${failureText(failure)} ${lookups} ${answer?.decision.kind}`,
    )
  })

  const steps: Part<StepFrame> = {
    of: ({ state }) => state.steps,
    add(sum, sign, view, _, step) {
      if (step.kind === 'compound') return addSum(sum, sign, compound(step, view))
      const { firstSentAt, path } = step
      const ageMs = firstSentAt === undefined ? 0 : Math.min(view.node.state.now - firstSentAt, keyLifetimeOf(program, path))
      add(sum, sign, ageMs === 0 ? plain(step, view) : at(plain(step, view), ageMs))
    },
  }

  // ---- obligations, calls, timers -------------------------------------------------------------------------------

  const obligation = once(
    ({ id, state, owner, handle, parents, keepOnSuccess, leaseUntil, leaseLost, releaseAttempts }: Obligation) =>
      line(
        `ob ${id} ${state} ${owner} ${identityOf(handle)} ${parents.join()} ${keepOnSuccess} ${leaseLost} ${releaseAttempts} ${leaseUntil === undefined}`,
      ),
  )

  const obligations: Part<Obligation> = {
    of: ({ state }) => state.obligations,
    add(sum, sign, view, _, each) {
      const { type, state, sentAt, leaseUntil } = each
      const { now } = view.node.state
      // The moment of its call counts until a look-up tells the truth and, before it is held, for the start of the lease.
      const { appearsWithinMs, lease } = resourceNamed(program, type)
      const mayAppear = state === 'intended' || state === 'inDoubt'
      const ageMs = Math.min(now - sentAt, mayAppear ? Math.max(appearsWithinMs, lease?.lifetimeMs ?? 0) : appearsWithinMs)
      const leftMs = leaseUntil === undefined ? 0 : Math.max(0, leaseUntil - now)
      add(sum, sign, at(at(obligation(each, view), ageMs), leftMs))
    },
  }

  const call = once(({ purpose, path, aborted }: PendingCall) => line(`n ${purpose} ${path} ${aborted}`))
  const calls: Part<PendingCall> = {
    of: ({ state }) => state.calls,
    add: (sum, sign, view, _, each) =>
      add(sum, sign, each.purpose === 'renew' ? at(call(each, view), view.node.state.now - each.sentAt) : call(each, view)),
  }

  const kernelTimer = timersOf('timer')
  const timers: Part<RunState['timers'][string]> = {
    of: ({ state }) => state.timers,
    add: (sum, sign, { node }, name, each) => add(sum, sign, kernelTimer(name, each.at - node.state.now)),
  }
  const evaluation = worded('e')
  const evaluations: Part<object> = {
    of: ({ state }) => state.evaluations,
    add: (sum, sign, _, id) => add(sum, sign, evaluation(id)),
  }
  const lock = once((each: RunState['locks'][string]) => line(`lock ${each.path} ${each.name} ${each.granted}`))
  const locks: Part<RunState['locks'][string]> = {
    of: ({ state }) => state.locks,
    add: (sum, sign, view, _, each) => add(sum, sign, lock(each, view)),
  }
  const approval = worded('a')
  const approvals: Part<object> = {
    of: ({ state }) => state.approvals,
    add: (sum, sign, _, path) => add(sum, sign, approval(path)),
  }

  return (visit) => {
    visit(blocks)
    visit(steps)
    visit(obligations)
    visit(calls)
    visit(timers)
    visit(evaluations)
    visit(locks)
    visit(approvals)
  }
}

/** How long the platform knows the key of the step's call: as long its age decides whether it is repeated. */
function keyLifetimeOf(program: Program, path: string): number {
  const step = stepOfPath(program, path)
  return step?.kind === 'uses' ? (program.actions[step.action]?.keyLifetimeMs ?? 0) : 0
}
