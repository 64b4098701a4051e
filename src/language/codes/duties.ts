// Messages about what a runbook holds, changes and keeps secret. One builder per code.
import type { Diagnostic, Span } from '../../diagnostics/index.ts'
import { formatDuration } from '../../values/index.ts'
import { listOf, meant, problem } from './problem.ts'

// ---- lifetimes ----------------------------------------------------------------------------------------------------

const OWN_IT = 'Let an outer scope own it: owner on the acquiring step.'

export const usedAfterClose = (span: Span, owner: string): Diagnostic =>
  problem('USED_AFTER_END', span, `what this handle stands for was released when ${owner} ended`, { hint: OWN_IT })

export const usedAfterParent = (span: Span, step: string, parent: string, ended: Span): Diagnostic =>
  problem('USED_AFTER_END', span, `what ${step} acquired was released before ${parent}, from which it was acquired`, {
    related: [{ message: 'released here', span: ended }],
  })

export const usedBesideEnd = (span: Span, step: string, ended: Span): Diagnostic =>
  problem(
    'USED_AFTER_END',
    span,
    `a branch that runs at the same time may release what ${step} acquired before this is evaluated`,
    {
      related: [{ message: 'released here', span: ended }],
      hint: 'End it after the branches have joined.',
    },
  )

export const childOutlives = (span: Span, owner: string, parentOwner: string): Diagnostic =>
  problem(
    'CHILD_OUTLIVES_PARENT',
    span,
    `${owner} is to own this, but what it is acquired from is released when ${parentOwner} ends`,
    { hint: `Let ${owner} own both, or leave owner out here.` },
  )

export const childKept = (span: Span, parentOwner: string): Diagnostic =>
  problem(
    'CHILD_OUTLIVES_PARENT',
    span,
    `this is to be kept, but what it is acquired from is released when ${parentOwner} ends`,
    { hint: 'Keep both, or neither.' },
  )

// ---- holds --------------------------------------------------------------------------------------------------------

/** What is held, and where. */
export interface Hold {
  readonly step: string
  readonly span: Span
  readonly resource: string
  readonly maxHoldMs: number
}

export interface HoldPart {
  readonly name: string
  readonly durationMs: number
  readonly span: Span
}

export function holdTooLong({ step, span, resource, maxHoldMs }: Hold, worstMs: number, parts: readonly HoldPart[]): Diagnostic {
  const sum = parts.map(({ name, durationMs }) => `${name} ${formatDuration(durationMs)}`).join(' + ')
  const [longest] = parts.toSorted((a, b) => b.durationMs - a.durationMs)
  return problem(
    'HOLD_TOO_LONG',
    span,
    `what ${step} acquires may be held for ${formatDuration(worstMs)} (${sum}), but a ${resource} for ${formatDuration(maxHoldMs)} at most`,
    {
      related: longest ? [{ message: 'the longest part', span: longest.span }] : [],
      hint: 'Bound what happens meanwhile: a shorter timeout, retry: { attempts: 1 }, or max on a scope around it.',
    },
  )
}

export type OpenEnd = 'approval' | 'wait' | 'transfer' | 'loop' | 'lock'

const OPEN_ENDS: Readonly<Record<OpenEnd, readonly [problem: string, hint: string]>> = {
  approval: ['people take the time they take', 'Ask before it is acquired, or after it was released.'],
  wait: ['nobody knows how long this waits', 'Wait for a fixed time, or set max on a scope around it.'],
  transfer: ['moving data takes as long as there is data', 'Move data after it was released.'],
  loop: ['nobody knows how many items there will be', 'Set max on a scope around the loop, or maxItems on the input.'],
  lock: ['others may have the lock for any time', 'Take the lock before it is acquired.'],
}

export function holdUnbounded(span: Span, end: OpenEnd, { step, span: acquired, resource, maxHoldMs }: Hold): Diagnostic {
  const [why, hint] = OPEN_ENDS[end]
  const limit = formatDuration(maxHoldMs)
  return problem('HOLD_UNBOUNDED', span, `${why}, while ${step} holds a ${resource}, which it may for ${limit} at most`, {
    related: [{ message: 'acquired here', span: acquired }],
    hint,
  })
}

// ---- locks --------------------------------------------------------------------------------------------------------

export const lockHeld = (span: Span, lock: string, outer: Span): Diagnostic =>
  problem('LOCK_HELD', span, `${lock} is held here already, so this would wait for itself for ever`, {
    related: [{ message: 'taken here', span: outer }],
    hint: 'Take it once, around all that needs it.',
  })

export interface LockOrder {
  readonly outer: string
  readonly inner: string
  /** Where the inner one is taken. */
  readonly span: Span
}

/** The first is taken while the last of the others is held, and so on round. */
export function lockOrder({ outer, inner, span }: LockOrder, others: readonly LockOrder[]): Diagnostic {
  if (others.length === 0) {
    return problem('LOCK_ORDER', span, `two locks ${inner} are held at once, so two runs could each wait for the other’s`, {
      hint: 'Take one lock that stands for both, or give the two kinds different names.',
    })
  }
  return problem('LOCK_ORDER', span, `${inner} is taken inside ${outer}, and elsewhere it is the other way round`, {
    related: others.map((other) => ({ message: `${other.inner} inside ${other.outer}`, span: other.span })),
    hint: 'Two runs could wait for each other for ever: take them in the same order everywhere.',
  })
}

// ---- effects ------------------------------------------------------------------------------------------------------

export const retryUnsafe = (span: Span, action: string): Diagnostic =>
  problem(
    'RETRY_UNSAFE',
    span,
    `${action} is not safe to repeat, and nothing tells whether it took effect: it is not tried again once it may have arrived`,
    { hint: 'Remove retry. When the platform does recognise a repeated call, say idempotent in the manifest.' },
  )

export const destroyUnapproved = (span: Span, action: string, effect: 'destroy' | 'release'): Diagnostic =>
  effect === 'destroy'
    ? problem('DESTROY_UNAPPROVED', span, `${action} destroys, and nobody has approved of it`, {
        hint: 'Put an approve step before it, in this block or in one around it.',
      })
    : problem('DESTROY_UNAPPROVED', span, `${action} releases what others may have acquired, and nobody has approved of it`, {
        hint: 'What this runbook acquires is released without it, early by end. For anything else put an approve step before it.',
      })

/** `part`: what is open, in the words of the runbook. */
export const selectorOpen = (span: Span, part: string, state: 'absent' | 'empty', action: string): Diagnostic =>
  problem('SELECTOR_OPEN', span, `${part} may be ${state}, and ${action} would then change more than is meant`, {
    hint:
      state === 'absent'
        ? 'Give it in every case: a default with ??, or a question with $exists( … ) before.'
        : 'Name something in every case, or ask before: $count( … ) > 0.',
  })

/** `raised`: by what stands inside; `known`: also by the engine. */
export const failureUnknown = (span: Span, type: string, raised: readonly string[], known: readonly string[]): Diagnostic =>
  problem(
    'FAILURE_UNKNOWN',
    span,
    `nothing in this scope can fail with ${type}`,
    meant(span, type, known, raised.length > 0 ? `Its steps can fail with ${listOf(raised)}.` : undefined),
  )

// ---- secrets ------------------------------------------------------------------------------------------------------

/** `whole`: not only a part of it is secret. */
export const secretExposed = (span: Span, name: string, whole: boolean): Diagnostic =>
  problem('SECRET_EXPOSED', span, `${name} ${whole ? 'is' : 'holds a'} secret, and here it would be written down`, {
    hint: 'Pass it only to an input that is marked x-secret. Whether it is there may be asked: $exists( … ).',
  })

export const secretWritten = (span: Span, name: string): Diagnostic =>
  problem('SECRET_EXPOSED', span, `${name} is secret, and here it stands in the runbook`, {
    hint: 'Take it from an input that is marked x-secret.',
  })

export const secretWorkedOn = (span: Span, name: string): Diagnostic =>
  problem(
    'SECRET_EXPOSED',
    span,
    `${name} is secret, and a run has no more than a reference to it: nothing can be computed from it`,
    {
      hint: `Pass it on as it is: \${ ${name} }.`,
    },
  )
