// The oracles: what must hold when a call leaves, after every event, and at the end. Derived from manifests and the runbook alone.
import { actionNamed, isOpen, type Outcome, type Path, type Report, resourceNamed } from '../kernel/index.ts'
import type { Step } from '../language/index.ts'
import { stepOfPath } from './document.ts'
import { isSameAgain } from './far-side.ts'
import type { Node, PromiseName, Sent, Subject, Violation, World } from './model.ts'
import { criticalLeft } from './options.ts'
import { held } from './points.ts'
import { without } from './records.ts'

type Say = (promise: PromiseName, path: Path, text: string) => void

const sayInto =
  (found: Violation[]): Say =>
  (promise, path, text) =>
    void found.push({ promise, path, text })

// ---- when a call leaves -----------------------------------------------------------------------------------------

export function judgeCall(subject: Subject, node: Node, sent: Sent, found: Violation[]): void {
  const say = sayInto(found)
  const { world } = node
  const { command } = sent
  const { purpose, path } = command
  const critical = world.recovering ? criticalLeft(subject, node) : []
  if (critical.length > 0 && !critical.includes(path)) {
    say('P5', path, `${command.action} was called before what is critical was let go`)
  }
  switch (purpose) {
    case 'step':
      judgeRecord(subject, node, sent, say)
      judgeRepeat(subject, world, sent, say)
      for (const use of sent.uses) {
        if (!world.things[use]) say('P4', path, `${path} uses ${use}, which is released`)
        if (node.state.obligations[use]?.leaseLost) say('P6', path, `${path} uses ${use}, whose lease is known to be lost`)
      }
      return
    case 'release':
      judgeRelease(subject, world, sent, say)
      return
    case 'renew':
      if (!world.things[path] || isUnderWay(world, 'release', path))
        say('P6', path, `${path} was renewed at or after its release`)
      return
    case 'find':
    case 'probe':
      return
  }
}

function judgeRecord({ truth }: Subject, { state }: Node, { command }: Sent, say: Say): void {
  if (actionNamed(truth, command.action).effect !== 'acquire') return
  const obligation = state.obligations[command.path]
  if (!obligation || !isOpen(obligation)) say('P1', command.path, `${command.action} left before its intent was recorded`)
}

/** A call that may have applied is repeated only where a repeat changes nothing. */
function judgeRepeat({ truth }: Subject, world: World, { command }: Sent, say: Say): void {
  const doubt = world.doubts[command.path]
  const action = actionNamed(truth, command.action)
  if (!doubt || action.effect === 'read' || (doubt.crashed && action.resumable)) return
  if (isSameAgain(action, command, doubt.key, world.now - doubt.firstSentAt)) return
  say('P3', command.path, `${command.action} was repeated, though an earlier call of ${command.path} may have applied`)
}

function judgeRelease({ truth }: Subject, world: World, { command }: Sent, say: Say): void {
  const { path } = command
  for (const [child, thing] of Object.entries(world.things)) {
    if (thing.parents.includes(path) && thing.presence !== 'lapsed') {
      say('P4', path, `${path} is released while ${child}, which was acquired from it, is still there`)
    }
  }
  const type = Object.values(truth.resources).find((each) => each.release.action === command.action)
  if (type?.critical !== true) {
    for (const other of world.calls) {
      if (other.uses.includes(path)) say('P4', path, `${path} is released while ${other.command.path} still uses it`)
    }
  }
  if (isUnderWay(world, 'renew', path)) say('P6', path, `${path} is released while a renewal of it is under way`)
  if (type && !type.release.idempotent && world.doubts[`release ${path}`]) {
    say('P3', path, `the release of ${path} was repeated, though an earlier one may have applied`)
  }
}

const isUnderWay = (world: World, purpose: 'release' | 'renew', path: Path): boolean =>
  world.calls.some(({ command }) => command.purpose === purpose && command.path === path)

/** With these the kernel stops a runbook that uses what it no longer holds. On a good day that is the runbook's fault. */
const MISUSES: readonly string[] = ['usedAfterRelease', 'stillInUse']

// ---- what is reported -------------------------------------------------------------------------------------------

/** Failures are carried up until a catch, a loop that collects, or the outcome takes note of them. */
export function judgeReport({ truth }: Subject, { world }: Node, report: Report, found: Violation[]): void {
  const say = sayInto(found)
  if (report.kind === 'obligation' && report.obligation.state === 'kept') {
    const { id } = report.obligation
    const step = stepOfPath(truth, id)
    if (step?.kind !== 'uses' || step.release !== 'onFailure') say('P2', id, `${id} was kept, though nobody asked for that`)
    world.things = without(world.things, id)
  }
  forget(world, report)
  if (report.kind !== 'stepEnded') return
  const { path, outcome, failure } = report
  if (failure && MISUSES.includes(failure.type) && world.faults === 0) {
    say('P4', path, `${path} can never work: ${failure.message}`)
  }
  const inside = world.failed.filter((each) => isInside(each, path))
  if (inside.length > 0) {
    if (outcome === 'succeeded' && !takesNote(stepOfPath(truth, path)))
      say('outcome', path, `${path} succeeded, though ${inside.join(', ')} failed`)
    world.failed = world.failed.filter((each) => !inside.includes(each))
  }
  if (outcome === 'failed') world.failed = [...world.failed, path]
  if (outcome === 'succeeded') held(world, path)
}

/** No call about it will leave any more: what was in doubt, and what did not work, decides nothing. */
function forget(world: World, report: Report): void {
  if (report.kind === 'stepEnded') world.doubts = without(world.doubts, report.path)
  if (report.kind !== 'obligation' || isOpen(report.obligation)) return
  for (const purpose of ['find', 'probe', 'renew', 'release'])
    world.broken = without(world.broken, `${purpose} ${report.obligation.id}`)
}

const isInside = (inner: Path, outer: Path): boolean => inner.startsWith(outer) && '/[!'.includes(inner.charAt(outer.length))

// ---- after every event ------------------------------------------------------------------------------------------

export function judgeState({ truth }: Subject, { state, world }: Node, found: Violation[]): void {
  const say = sayInto(found)
  for (const [path, thing] of Object.entries(world.things)) {
    const obligation = state.obligations[path]
    if (obligation && isOpen(obligation)) continue
    if (thing.presence !== 'lapsed') {
      say('P2', path, `${resourceNamed(truth, thing.type).title} of ${path} exists, and nobody owes its release any more`)
    }
    world.things = without(world.things, path)
  }
  for (const { id, leaseLost } of Object.values(state.obligations)) {
    if (!leaseLost) continue
    for (const { command, uses, aborted } of world.calls) {
      if (uses.includes(id) && !aborted && command.purpose === 'step') {
        say('P6', command.path, `${command.path} goes on, though the lease of ${id} is lost`)
      }
    }
  }
}

// ---- at the end -------------------------------------------------------------------------------------------------

export function judgeEnd({ truth }: Subject, { state, world }: Node, outcome: Outcome, found: Violation[]): void {
  const say = sayInto(found)
  const owed = Object.keys(state.obligations)
  if (outcome.status === 'succeeded' && world.failed.length > 0) {
    say('outcome', 'run', `the run succeeded, though ${world.failed.join(', ')} failed`)
  }
  if (outcome.status === 'succeeded' && !world.hasEnded) {
    for (const { id, owner } of Object.values(state.obligations)) {
      if (!enclosing(owner).some((path) => takesNote(stepOfPath(truth, path)))) {
        say('outcome', 'run', `the run succeeded, though it still owes ${id}`)
      }
    }
  }
  if (owed.toSorted().join() !== outcome.owed.toSorted().join()) say('outcome', 'run', 'the outcome does not list what is owed')
  for (const obligation of Object.values(state.obligations)) {
    if (obligation.state !== 'owed') say('P2', obligation.id, `the run ended while ${obligation.id} was ${obligation.state}`)
  }
  if (world.reaped && owed.length > 0) say('P2', 'run', `reap did not settle ${owed.join(', ')}, though releases work again`)
  const locked = Object.keys(world.locked)
  if (locked.length > 0) say('locks', 'run', `the run ended and holds ${locked.join(', ')}`)
  for (const { command } of world.calls) say('kernel', command.path, `${command.action} is still under way at the end of the run`)
}

/** A step that goes on though something inside it failed: by a catch, by collecting, or because a dirty close is accepted. */
function takesNote(step: Step | undefined): boolean {
  if (step?.kind === 'scope') {
    return step.catch !== undefined || !(step.onDirtyClose.kind === 'literal' && step.onDirtyClose.value === 'fail')
  }
  return step !== undefined && 'onError' in step && step.onError === 'collect'
}

const enclosing = (path: Path): readonly Path[] => path.split('/').map((_, index, all) => all.slice(0, index + 1).join('/'))
