// Orders that need not be tried. Two rules; docs/decisions/0011-verify.md says why each is sound and what it assumes.
//
// R1  Evaluations and free locks come first: they touch nothing outside their own strand. Those that may fail at once and those of `end` do, and wait their turn. Crashes and cancels still come between.
//     Without a deviation left, one that can come out in one way only is gone through at once: the state between is none of its own.
// R2  When no deviation is left, strands of a loop or of branches that cannot stop each other are moved on one after the other.
import type { Path, Program, RunState } from '../kernel/index.ts'
import type { Step } from '../language/index.ts'
import { everyStep, stepOfPath, strandOf } from './document.ts'
import type { Move, Node, Option, Subject, World } from './model.ts'
import type { Unknowns } from './unknowns.ts'

/** Indexes of the options to follow; undefined for all. */
export function reduced(
  subject: Subject,
  unknowns: Unknowns,
  node: Node,
  options: readonly Option[],
  budget: number,
): ReadonlySet<number> | undefined {
  const first = localFirst(subject, unknowns, node)
  if (first !== undefined) return pick(options, (option) => option.cost > 0 || nameOf(option) === first)
  return budget === 0 ? oneStrand(subject, node, options) : undefined
}

function pick(options: readonly Option[], wanted: (option: Option) => boolean): ReadonlySet<number> {
  return new Set([...options.keys()].filter((index) => wanted(options[index] as Option)))
}

function nameOf({ move }: Option): string | undefined {
  return move.kind === 'evaluate' ? move.id : move.kind === 'lock' ? move.lock : undefined
}

/** The evaluation, or the lock that nobody else waits for, which goes first. */
function localFirst({ program }: Subject, unknowns: Unknowns, { world }: Node): string | undefined {
  let evaluation: string | undefined
  for (const command of world.evaluations) {
    const { id, path } = command
    if ((evaluation === undefined || id < evaluation) && !unknowns.mayFail(command) && !letsGo(program, path)) evaluation = id
  }
  if (evaluation !== undefined) return evaluation
  const isWanted = (wanted: string): number => world.waiting.filter(({ name }) => name === wanted).length
  return world.waiting
    .filter(({ name }) => world.locked[name] === undefined && isWanted(name) === 1)
    .map(({ lock }) => lock)
    .sort()[0]
}

/** It lets go of what strands beside it may use: its moment counts, as that of one that fails and stops them. */
const letsGo = (program: Program, path: Path): boolean => stepOfPath(program, path)?.kind === 'end'

/** The one thing that can happen next without a deviation, where R1 names it and it has one result; and its index among the options. */
export function onlyLocal(
  subject: Subject,
  unknowns: Unknowns,
  node: Node,
): { readonly option: Option; readonly choice: number } | undefined {
  const { state, world } = node
  if (world.evaluations.length === 0 && world.waiting.length === 0) return undefined
  if (world.finished || world.evaluations.some((command) => unknowns.prepare(command, state) !== undefined)) return undefined
  const first = localFirst(subject, unknowns, node)
  let choice = 0
  for (const command of world.evaluations) {
    const ways = unknowns.ways(command).length
    if (command.id === first) {
      return ways === 1 ? { option: { move: { kind: 'evaluate', id: command.id, way: 0 }, cost: 0 }, choice } : undefined
    }
    choice += ways
  }
  for (const { lock, name } of world.waiting) {
    if (lock === first) return { option: { move: { kind: 'lock', lock }, cost: 0 }, choice }
    if (world.locked[name] === undefined) choice += 1
  }
  return undefined
}

function oneStrand(subject: Subject, { state, world }: Node, options: readonly Option[]): ReadonlySet<number> | undefined {
  if (world.waiting.length > 0) return undefined
  const strands = new Map<string, boolean>()
  for (const { command, slow, aborted } of world.calls) {
    const strand = strandOf(command.path)
    if (strand === undefined) return undefined
    const isUrgent = !slow || aborted
    strands.set(strand, (strands.get(strand) ?? true) && isUrgent)
  }
  const [first] = [...strands]
    .filter(([, isUrgent]) => isUrgent)
    .map(([strand]) => strand)
    .sort()
  if (first === undefined || strands.size < 2 || ![...strands.keys()].every((strand) => isApart(subject, state, strand)))
    return undefined
  // All that can happen next in the strand: what a step of it evaluates to, or is answered, may stop a call of the same strand.
  return pick(options, ({ move }) => {
    const path = pathOf(world, move)
    return path !== undefined && strandOf(path) === first
  })
}

/** The step that the move is about; undefined for what is about none. Time cannot pass beside a call that answers at once. */
function pathOf({ calls, evaluations }: World, move: Move): Path | undefined {
  if ('call' in move) return calls.find(({ command }) => command.id === move.call)?.command.path
  if (move.kind === 'evaluate') return evaluations.find(({ id }) => id === move.id)?.path
  return move.kind === 'approve' ? move.approval : undefined
}

/** Nothing that can happen in the strand without a deviation stops the strands beside it, or lets go of what they use. */
function isApart({ program }: Subject, state: RunState, strand: Path): boolean {
  const compound = stepOfPath(program, strand.slice(0, strand.indexOf('[')))
  if (!compound || !('onError' in compound)) return false
  const bodies = compound.kind === 'foreach' ? [compound.body] : compound.branches.map(({ body }) => body)
  const strands = bodies.map((body) => [...everyStep(body)])
  if (strands.some((steps) => steps.some((step) => step.kind === 'end' && !steps.some(({ id }) => id === step.step))))
    return false
  if (compound.onError === 'collect') return true
  if (strands.some((steps) => steps.some(mayFailByItself))) return false
  return Object.values(state.blocks).every(({ failure, cancelled }) => !failure && !cancelled)
}

/** Without a deviation: a `fail`, an assertion that does not hold, a question that is denied, a `switch` of which no case fits. */
function mayFailByItself(step: Step): boolean {
  switch (step.kind) {
    case 'fail':
    case 'approve':
      return true
    case 'switch':
      return step.else === undefined
    case 'uses':
      return step.action === 'core/assert'
    case 'end':
    case 'wait':
    case 'scope':
    case 'foreach':
    case 'parallel':
    case 'runbook':
      return false
  }
}
