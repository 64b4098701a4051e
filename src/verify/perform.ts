// Makes a move: the far side changes, the kernel gets its event, and its commands are carried out in the world. Changes the node.
import { actionNamed, type CallCommand, type Command, type Event, resourceNamed } from '../kernel/index.ts'
import { type Failure, openValue } from '../packs/index.ts'
import { isObject, type Json } from '../values/index.ts'
import { answer, lapse, passTime, takeEffect } from './far-side.ts'
import { judgeCall, judgeEnd, judgeReport, judgeState } from './judge.ts'
import type { Effect, Move, Node, Option, Sent, Subject, Violation, World } from './model.ts'
import { criticalLeft } from './options.ts'
import { judgePoint, pointSucceeded } from './points.ts'
import { altered, withEntry, without } from './records.ts'
import type { EventBody, Unknowns } from './unknowns.ts'

export function perform(subject: Subject, unknowns: Unknowns, node: Node, { move, cost }: Option): readonly Violation[] {
  const found: Violation[] = []
  node.world.faults += cost
  if (cost > 0) node.world.reaped = false
  const event = happen(subject, unknowns, node, move, found)
  if (event) give(subject, node, event, found)
  judgeState(subject, node, found)
  if (node.world.recovering) node.world.recovering = criticalLeft(subject, node).length > 0
  return found
}

/** Changes the world; answers what the kernel is told. */
function happen(subject: Subject, unknowns: Unknowns, node: Node, move: Move, found: Violation[]): EventBody | undefined {
  const { world } = node
  switch (move.kind) {
    case 'start':
      return { kind: 'started' }
    case 'evaluate': {
      const command = world.evaluations.find((each) => each.id === move.id)
      world.evaluations = world.evaluations.filter((each) => each !== command)
      return command && unknowns.ways(command)[move.way]
    }
    case 'succeed':
      return succeed(subject, node, takeCall(node, move.call), found)
    case 'fail':
      return fail(subject, node, takeCall(node, move.call), move.failure, move.effect, found)
    case 'slow': {
      shake(node, alterCall(node.world, move.call, { slow: true }))
      return undefined
    }
    case 'break': {
      const sent = callOf(node, move.call)
      world.broken = withEntry(world.broken, `${sent.command.purpose} ${sent.command.path}`, true)
      shake(node, sent)
      return undefined
    }
    case 'stall':
      return { kind: 'stalled', call: move.call }
    case 'timer': {
      const at = world.timers[move.timer] ?? world.now
      delete world.timers[move.timer]
      // A far timer that is due after some rounds of renewals fires now: where it stood decides nothing.
      const first = Math.min(at, ...Object.values(world.timers))
      passTime(subject, world, first < at ? world.now : at, found)
      return { kind: 'timerFired', timer: move.timer }
    }
    case 'lock': {
      const request = world.waiting.find(({ lock }) => lock === move.lock)
      world.waiting = world.waiting.filter((each) => each !== request)
      if (request) world.locked = withEntry(world.locked, request.name, request.lock)
      return { kind: 'lockGranted', lock: move.lock }
    }
    case 'approve':
      return { kind: 'approvalAnswered', ...approvalAnswer(node.state, move) }
    case 'lapse':
      lapse(world, move.thing, found)
      return undefined
    case 'cancel':
      return { kind: 'cancelRequested', reason: 'cancelled' }
    case 'crash':
      return crash(subject, node, move.effects, found)
    case 'reap':
      world.reaped = true
      world.finished = false
      world.hasEnded = true
      world.broken = {}
      return { kind: 'reapRequested' }
  }
}

function approvalAnswer({ approvals }: Node['state'], { approval, decision }: Extract<Move, { kind: 'approve' }>) {
  const by = '‹who answers›'
  if (decision === 'denied') return { approval, by, decision: { kind: 'denied', reason: '‹why›' } } as const
  const inputs = openValue(approvals[approval]?.inputs, `${approval}.inputs`)
  return { approval, by, decision: { kind: 'granted', inputs } } as const
}

function callOf({ world }: Node, id: string): Sent {
  const sent = world.calls.find(({ command }) => command.id === id)
  if (!sent) throw new Error(`no call ${id} is under way`)
  return sent
}

/** Answers the call as it is now. */
function alterCall(world: World, id: string, change: Partial<Sent>): Sent {
  const index = world.calls.findIndex(({ command }) => command.id === id)
  const sent = world.calls[index]
  if (!sent) throw new Error(`no call ${id} is under way`)
  const altered = { ...sent, ...change }
  world.calls[index] = altered
  return altered
}

function takeCall(node: Node, id: string): Sent {
  const sent = callOf(node, id)
  node.world.calls = node.world.calls.filter((each) => each !== sent)
  return sent
}

/** After trouble with a renewal nobody can expect the lease to live. */
function shake({ world }: Node, { command }: Sent): void {
  if (command.purpose === 'renew') world.things = altered(world.things, command.path, { healthy: false })
}

function succeed(subject: Subject, node: Node, sent: Sent, found: Violation[]): EventBody {
  const { world } = node
  const { id: call, purpose, path } = sent.command
  const told = answer(subject, world, sent, found)
  if (purpose === 'step') world.doubts = without(world.doubts, path)
  if (purpose === 'probe' || purpose === 'release') world.doubts = without(world.doubts, `release ${path}`)
  if ('failure' in told) return { kind: 'callFailed', call, failure: told.failure }
  if (purpose === 'step') pointSucceeded(subject, world, sent)
  if (purpose === 'find' && (told.output.found === true || isFinal(subject, node, path)))
    world.doubts = without(world.doubts, path)
  return { kind: 'callSucceeded', call, output: told.output }
}

/** What is not found now can not appear any more. */
function isFinal({ truth }: Subject, { state, world }: Node, path: string): boolean {
  const doubt = world.doubts[path]
  const type = state.obligations[path]?.type
  return doubt !== undefined && type !== undefined && world.now >= doubt.sentAt + resourceNamed(truth, type).appearsWithinMs
}

function fail(subject: Subject, node: Node, sent: Sent, failure: Failure, effect: Effect, found: Violation[]): EventBody {
  takeEffect(subject, node.world, sent, effect, found)
  shake(node, sent)
  if (failure.applied === 'maybe') doubt(subject, node, sent, false)
  return { kind: 'callFailed', call: sent.command.id, failure }
}

function doubt({ truth }: Subject, { world }: Node, { command, sentAt }: Sent, crashed: boolean): void {
  const { purpose, path, key } = command
  if (purpose === 'release')
    world.doubts = withEntry(world.doubts, `release ${path}`, { key, firstSentAt: sentAt, sentAt, crashed })
  if (purpose !== 'step' || actionNamed(truth, command.action).effect === 'read') return
  const { firstSentAt = sentAt, key: firstKey = key } = world.doubts[path] ?? {}
  world.doubts = withEntry(world.doubts, path, { key: firstKey, firstSentAt, sentAt, crashed })
}

/** Only what was recorded lives on: the kernel's state as plain data, the far side, and locks, which are held in the journal. */
function crash(subject: Subject, node: Node, effects: readonly Effect[], found: Violation[]): EventBody {
  const { world } = node
  for (const [index, sent] of world.calls.entries()) {
    takeEffect(subject, world, sent, effects[index] ?? 'no', found)
    doubt(subject, node, sent, true)
  }
  for (const path in world.things) world.things = altered(world.things, path, { healthy: false })
  world.calls = []
  world.evaluations = []
  world.waiting = []
  for (const timer of Object.keys(world.timers)) delete world.timers[timer]
  world.recovering = criticalLeft(subject, node).length > 0
  return { kind: 'restarted' }
}

// ---- the kernel and its host ------------------------------------------------------------------------------------

function give(subject: Subject, node: Node, event: EventBody, found: Violation[]): void {
  let commands: readonly Command[]
  try {
    commands = subject.apply(subject.program, node.state, { ...event, at: node.world.now } as Event)
  } catch (error) {
    found.push({
      promise: 'kernel',
      path: 'run',
      text: `the kernel broke down: ${error instanceof Error ? error.message : error}`,
    })
    return
  }
  for (const command of commands) carryOut(subject, node, command, found)
}

function carryOut(subject: Subject, node: Node, command: Command, found: Violation[]): void {
  const { world } = node
  switch (command.kind) {
    case 'evaluate':
      world.evaluations.push(command)
      return
    case 'call':
      return leave(subject, node, command, found)
    case 'abort': {
      if (world.calls.some((each) => each.command.id === command.call)) alterCall(world, command.call, { aborted: true })
      return
    }
    case 'setTimer':
      world.timers[command.timer] = command.at
      return
    case 'clearTimer':
      delete world.timers[command.timer]
      return
    case 'lock':
      world.waiting = [...world.waiting, { lock: command.lock, name: command.name }]
      return
    case 'unlock':
      world.waiting = world.waiting.filter(({ lock }) => lock !== command.lock)
      if (world.locked[command.name] === command.lock) world.locked = without(world.locked, command.name)
      return
    case 'report':
      return judgeReport(subject, node, command.report, found)
    case 'finish':
      world.finished = true
      judgeState(subject, node, found)
      return judgeEnd(subject, node, command.outcome, found)
  }
}

function leave(subject: Subject, node: Node, command: CallCommand, found: Violation[]): void {
  const { world } = node
  const uses = command.purpose === 'step' ? handlesIn(command.input) : []
  const sent: Sent = { command, sentAt: world.now, uses, slow: false, aborted: false }
  judgeCall(subject, node, sent, found)
  if (command.purpose === 'step') judgePoint(subject, world, sent, found)
  if (command.purpose === 'release') world.things = altered(world.things, command.path, { releaseSent: true })
  world.calls.push(sent)
}

/** Wherever they are in the input, marked as such or not. */
function handlesIn(value: Json): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(handlesIn)
  if (!isObject(value)) return []
  if (typeof value.obligation === 'string' && typeof value.resource === 'string') return [value.obligation]
  return Object.values(value).flatMap(handlesIn)
}
