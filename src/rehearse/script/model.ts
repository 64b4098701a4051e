// A rehearsal file as data: a runbook, what the far side answers where it matters, and what must come of it. See docs/formats/rehearsal.md.
import { DURATION_PATTERN, type Json, type JsonObject, type JsonSchema } from '../../values/index.ts'

export interface Script {
  readonly rehearsal: 1
  readonly title: string
  /** Why it matters, for readers. */
  readonly story?: string
  /** A name, or a file beside this one. */
  readonly runbook: string
  readonly inputs?: JsonObject
  /**
   * By step path, each with what its calls answer in turn; then they succeed. In loops `vms[vm-1]/copy` is one item's and `vms/copy` any item's.
   * `release <path>`, `find <path>`, `probe <path>` and `renew <path>` are the calls about what that step acquired.
   */
  readonly answers?: Readonly<Record<string, readonly ScriptedAnswer[]>>
  /** By the path of the step that asks. A question that nobody answers waits for its time-out. */
  readonly approvals?: Readonly<Record<string, ScriptedApproval>>
  readonly expect: Expectation
}

/** `before` and `after` its effect on the far side. */
type Moment = 'before' | 'after'

export interface ScriptedAnswer {
  /** What it answers when it succeeds; otherwise the action's example, or the least that its schema allows. */
  readonly output?: JsonObject
  /** How long it takes, such as `20s`. */
  readonly takes?: string
  /** A failure of the action's, or of the engine's. */
  readonly fails?: string
  readonly message?: string
  /** Whether that failure passes by itself; otherwise as its declaration says. */
  readonly retryable?: boolean
  /** The answer never arrives; with `fails`, that failure does, and nobody can tell from it whether the call took effect. */
  readonly lost?: Moment
  /** It neither answers nor ends. */
  readonly hangs?: Moment
  /** The engine dies; another one resumes the run. */
  readonly dies?: Moment
  /** How long it takes until another engine is there, such as `2h`. */
  readonly away?: string
  /** Somebody cancels the run while this call is under way, or once it has answered. */
  readonly cancel?: 'during' | 'after'
  /** What the step acquired is gone from the far side when this call begins. */
  readonly gone?: true
}

export interface ScriptedApproval {
  readonly by: string
  /** After so long, such as `10m`. */
  readonly takes?: string
  readonly inputs?: JsonObject
  /** Denied, for this reason. */
  readonly denies?: string
}

export interface Expectation {
  readonly status: 'succeeded' | 'failed' | 'cancelled'
  /** Type of the run's failure. */
  readonly failure?: string
  /** Every call that changes something, in the order in which they begin. */
  readonly changes?: readonly string[]
  /** Each of these outputs, and it may have more. */
  readonly outputs?: JsonObject
  /** Paths of what the run could not let go and says so; `reap` then settles it. */
  readonly owed?: readonly string[]
}

const moment: JsonSchema = { enum: ['before', 'after'] }
const duration: JsonSchema = { type: 'string', pattern: DURATION_PATTERN }
const texts: JsonSchema = { type: 'array', items: { type: 'string' } }

export const scriptSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'A rehearsal of a runbook: what the far side answers, and what must come of it',
  type: 'object',
  additionalProperties: false,
  required: ['rehearsal', 'title', 'runbook', 'expect'],
  properties: {
    rehearsal: { const: 1 },
    title: { type: 'string', minLength: 1 },
    story: { type: 'string' },
    runbook: { type: 'string', minLength: 1, description: 'A name, or a file beside this one.' },
    inputs: { type: 'object' },
    answers: {
      type: 'object',
      description:
        'By step path; `release <path>`, `find <path>`, `probe <path>` and `renew <path>` are the calls about what it acquired.',
      additionalProperties: {
        type: 'array',
        items: {
          type: 'object',
          additionalProperties: false,
          properties: {
            output: { type: 'object' },
            takes: duration,
            fails: { type: 'string', minLength: 1 },
            message: { type: 'string' },
            retryable: { type: 'boolean' },
            lost: moment,
            hangs: moment,
            dies: moment,
            away: duration,
            cancel: { enum: ['during', 'after'] },
            gone: { const: true },
          },
        },
      },
    },
    approvals: {
      type: 'object',
      description: 'By the path of the step that asks.',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['by'],
        properties: {
          by: { type: 'string', minLength: 1 },
          takes: duration,
          inputs: { type: 'object' },
          denies: { type: 'string' },
        },
      },
    },
    expect: {
      type: 'object',
      additionalProperties: false,
      required: ['status'],
      properties: {
        status: { enum: ['succeeded', 'failed', 'cancelled'] },
        failure: { type: 'string' },
        changes: texts,
        outputs: { type: 'object' },
        owed: texts,
      },
    },
  },
}

/** One call of a played script, as it would be written under `answers`. */
export interface PlayedCall {
  readonly name: string
  /** Since the run began. */
  readonly atMs: number
  readonly action: string
  readonly changes: boolean
  readonly ended: string
}

export interface Played {
  readonly title: string
  /** Empty when all is as expected. */
  readonly problems: readonly string[]
  readonly calls: readonly PlayedCall[]
  readonly outputs?: Readonly<Record<string, Json>>
}
