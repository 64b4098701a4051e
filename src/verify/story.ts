// A counterexample as a short story: the moves in the runbook's own words, each with its place, and what is left held.

import type { Span } from '../diagnostics/index.ts'
import { actionNamed, type Path, resourceNamed } from '../kernel/index.ts'
import { formatDuration } from '../values/index.ts'
import { stepOfPath } from './document.ts'
import { fork } from './fork.ts'
import type { Move, Node, Option, Sent, Subject, Violation } from './model.ts'
import { perform } from './perform.ts'
import { firstNode, openOptions } from './search.ts'
import { createUnknowns, type EventBody } from './unknowns.ts'

export interface Line {
  /** Virtual milliseconds since the start. */
  readonly atMs: number
  readonly text: string
  /** A deviation. */
  readonly deviates: boolean
  readonly path: Path
  readonly span?: Span
}

export interface Story {
  readonly lines: readonly Line[]
  readonly violations: readonly Violation[]
  /** The step that the first of them is about. */
  readonly at?: Span
  /** What exists on the far side at its end, in words. */
  readonly held: readonly string[]
}

/** Tells what the choices lead to; undefined when they name no moves of this runbook. */
export async function tell(subject: Subject, choices: readonly number[]): Promise<Story | undefined> {
  const unknowns = createUnknowns(subject)
  const lines: Line[] = []
  let violations: readonly Violation[] = []
  let node = firstNode(subject)
  for (const choice of choices) {
    const options = await openOptions(subject, unknowns, node)
    const option = options[choice]
    if (!option) return undefined
    const next = fork(node)
    violations = perform(subject, unknowns, next, option)
    lines.push(...tellMove(subject, node, next, option, (id, way) => wayOf(node, unknowns, id, way)))
    node = next
  }
  const at = stepOfPath(subject.truth, violations[0]?.path ?? '')?.span
  return { lines, violations, ...(at === undefined ? {} : { at }), held: heldIn(subject, node) }
}

type WayOf = (id: string, way: number) => EventBody | undefined

function wayOf({ world }: Node, unknowns: ReturnType<typeof createUnknowns>, id: string, way: number): EventBody | undefined {
  const command = world.evaluations.find((each) => each.id === id)
  const ways = command && unknowns.ways(command)
  return ways && ways.length > 1 ? ways[way] : undefined
}

/** Evaluations with one result and starts of steps are not told: they are what the document says. */
function tellMove(subject: Subject, before: Node, after: Node, { move, cost }: Option, wayOf: WayOf): readonly Line[] {
  const line = (path: Path, text: string): readonly Line[] => {
    const span = stepOfPath(subject.truth, path)?.span
    return [{ atMs: after.world.now, text, deviates: cost > 0, path, ...(span === undefined ? {} : { span }) }]
  }
  const called = 'call' in move ? before.world.calls.find(({ command }) => command.id === move.call) : undefined
  const path = called?.command.path ?? ''
  switch (move.kind) {
    case 'start':
      return line('', 'the run starts')
    case 'evaluate': {
      const way = wayOf(move.id, move.way)
      if (way === undefined) return []
      const at = move.id.slice(0, move.id.indexOf('?'))
      const on = way.kind === 'evaluated' ? way.values.on : undefined
      return line(
        at,
        way.kind === 'guardedOff' ? 'its condition is false' : on === undefined ? 'its condition is true' : `takes case ${on}`,
      )
    }
    case 'succeed':
      return called ? line(path, `${wordsOf(called)} succeeds${called.aborted || called.slow ? ' late' : ''}`) : []
    case 'fail':
      return called ? line(path, `${wordsOf(called)} fails: ${move.failure.type}${effectText(subject, called, move)}`) : []
    case 'slow':
      return called ? line(path, `${wordsOf(called)} takes long`) : []
    case 'break':
      return called ? line(path, `${wordsOf(called)} does not work from now on`) : []
    case 'stall':
      return called ? line(path, `${wordsOf(called)} makes no progress`) : []
    case 'timer':
      return line(timerPath(move.timer), `${timerText(move.timer)} after ${formatDuration(after.world.now)}`)
    case 'lock':
      return line(move.lock.replace(/![a-z]+$/, ''), 'its lock is granted')
    case 'approve':
      return line(move.approval, move.decision === 'granted' ? 'is approved' : 'is denied')
    case 'lapse': {
      const thing = before.world.things[move.thing]
      const isLease = thing !== undefined && resourceNamed(subject.truth, thing.type).lease !== undefined
      return line(move.thing, isLease ? 'the platform lets the lease go' : 'it ends by itself')
    }
    case 'cancel':
      return line('', 'the operator cancels the run')
    case 'crash':
      return line('', `the process dies; another takes over${crashText(before, move)}`)
    case 'reap':
      return line('', 'the operator reaps')
  }
}

/** A deviation in words that are the same for every item of a loop; a crash and a cancel belong to the call under way. */
export function deviationOf(subject: Subject, before: Node, option: Option): { readonly path: Path; readonly happens: string } {
  const { move } = option
  const [first, ...others] = before.world.calls
  if (move.kind === 'cancel') return { path: first?.command.path ?? '', happens: 'the operator cancels the run' }
  if (move.kind === 'crash') {
    const effect = first && others.length === 0 ? crashText(before, move).replace(` of ${first.command.path}`, '') : ''
    return { path: first?.command.path ?? '', happens: `the process dies${effect}` }
  }
  const [line] = tellMove(subject, before, before, option, () => undefined)
  return { path: line?.path ?? '', happens: line?.text ?? move.kind }
}

const PURPOSES = { step: '', find: 'look-up by ', probe: 'question by ', renew: 'renewal by ', release: 'release by ' } as const
const wordsOf = ({ command }: Sent): string => `${PURPOSES[command.purpose]}${command.action}`

function effectText({ truth }: Subject, { command }: Sent, { failure, effect }: Extract<Move, { kind: 'fail' }>): string {
  if (effect === 'now') return ', though it took effect'
  if (effect === 'late') return ', and it takes effect later'
  return failure.applied === 'maybe' && actionNamed(truth, command.action).effect !== 'read' ? ', and it had no effect' : ''
}

function crashText({ world }: Node, { effects }: Extract<Move, { kind: 'crash' }>): string {
  return world.calls
    .map(
      (sent, index) =>
        `; ${wordsOf(sent)} of ${sent.command.path} ${{ no: 'had no effect', now: 'took effect', late: 'takes effect later' }[effects[index] ?? 'no']}`,
    )
    .join('')
}

const TIMERS: Readonly<Record<string, string>> = {
  timeout: 'its time is up',
  retry: 'it is tried again',
  wait: 'the wait is over',
  look: 'it is looked up again',
  max: 'its longest time is up',
  release: 'its release is tried again',
  renew: 'its renewal is due',
  leaseEnd: 'its lease ends',
  maxHold: 'it was held as long as it may be',
}
const timerText = (timer: string): string => TIMERS[timer.slice(0, timer.indexOf(':'))] ?? timer
const timerPath = (timer: string): Path => timer.slice(timer.indexOf(':') + 1).replace(/#\d+$/, '')

export const heldIn = ({ truth }: Subject, { world }: Node): readonly string[] =>
  Object.entries(world.things)
    .filter(([, { presence }]) => presence !== 'lapsed')
    .map(([path, { type }]) => `${resourceNamed(truth, type).title} of ${path}`)
