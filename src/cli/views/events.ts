// The JSON lines of `--format json`: a closed list, one schema an event. Programs read it, so it changes only by addition.
// From this table come schemas/events.schema.json, docs/reference/events.md and the check that nothing else is printed.
import type { Observation } from '../../engine/index.ts'
import type { Report } from '../../kernel/index.ts'
import type { JsonObject, JsonSchema } from '../../values/index.ts'
import type { Notice } from './view.ts'

export type EventName = Exclude<Observation['kind'], 'report'> | Report['kind'] | Notice['kind'] | 'refused'

interface EventShape {
  readonly title: string
  /** Besides `event`, `at` and `run`. Names that end in `?` may be absent. */
  readonly properties: Readonly<Record<string, JsonSchema>>
}

const text = (description: string): JsonObject => ({ description, type: 'string' })
const whole = (description: string): JsonObject => ({ description, type: 'integer', minimum: 0 })
const moment = (description: string): JsonObject => ({ description, type: 'string', format: 'date-time' })
const choice = (description: string, ...values: string[]): JsonObject => ({ description, enum: values })

const path = text('Path of the step in the runbook, with loop keys: backup/vms[vm-1]/copy.')
const failure: JsonObject = { $ref: '#/$defs/failure' }
const obligation: JsonObject = { $ref: '#/$defs/obligation' }
const obligations: JsonObject = { description: 'What is still held.', type: 'array', items: obligation }

export const EVENTS: Readonly<Record<EventName, EventShape>> = {
  runStarted: {
    title: 'A run started, or goes on.',
    properties: { runbook: text('Name of the runbook.'), resumed: { description: 'True when it goes on.', type: 'boolean' } },
  },
  stepStarted: {
    title: 'A step started.',
    properties: {
      path,
      step: text('Id of the step.'),
      verb: text('What kind of step it is: uses, scope, foreach, …'),
      'action?': text('Action that it calls.'),
      'runbook?': text('Runbook that it calls, and its version: sangfor-scp/vm-backup@1.0.0.'),
    },
  },
  itemStarted: {
    title: 'A loop took up an item.',
    properties: { path, key: text('Its key in the loop.'), 'name?': text('Its own name, where it has one.') },
  },
  stepEnded: {
    title: 'A step ended.',
    properties: { path, outcome: choice('How.', 'succeeded', 'failed', 'skipped', 'cancelled'), 'failure?': failure },
  },
  retrying: {
    title: 'An attempt failed; another will follow.',
    properties: {
      path,
      attempt: whole('The attempt that failed, from 1.'),
      afterMs: whole('Milliseconds until the next.'),
      failure,
    },
  },
  lock: {
    title: 'A lock is asked for, or granted; another run may hold it in between.',
    properties: {
      path,
      name: text('What is locked, over all runs.'),
      state: choice('Whether it is held now.', 'waits', 'holds'),
    },
  },
  approval: {
    title: 'A question to people: it is put, answered, or wants no answer any more.',
    properties: {
      path,
      state: choice('Where it stands.', 'asked', 'answered', 'withdrawn'),
      prompt: text('What is asked.'),
      'by?': { description: 'Who may answer; without it, anybody.', type: 'array', items: { type: 'string' } },
      'inputs?': { description: 'JSON Schema of what the answer has to say.', type: 'object' },
      'until?': moment('Nobody’s answer counts from then on.'),
      'command?': text('The command that answers it; while it is asked.'),
      'answer?': { $ref: '#/$defs/answer' },
    },
  },
  inDoubt: { title: 'Nobody knows whether a call took effect; it is being looked up.', properties: { path, failure } },
  closing: {
    title: 'A scope closes and releases what it owns.',
    properties: { path, because: choice('Why.', 'done', 'failed', 'cancelled') },
  },
  obligation: { title: 'A duty to release something changed its state.', properties: { obligation } },
  leaseRenewed: {
    title: 'A lease was renewed.',
    properties: { path, until: moment('When it would end without another renewal.') },
  },
  progress: {
    title: 'Bytes of a transfer; at most once a second for each, and at its end.',
    properties: {
      path,
      label: text('What the bytes belong to.'),
      doneBytes: whole('Bytes done.'),
      'totalBytes?': whole('Bytes in all, as soon as that is known.'),
      'bytesPerSecond?': whole('Rate over the last seconds.'),
      'leftMs?': whole('Milliseconds left at this rate.'),
    },
  },
  runEnded: {
    title: 'A run ended, and everything it could release is released.',
    properties: {
      status: choice('How.', 'succeeded', 'failed', 'cancelled'),
      'outputs?': { description: "The runbook's outputs.", type: 'object' },
      'failure?': failure,
      owed: { description: 'Paths of the obligations that are still open.', type: 'array', items: { type: 'string' } },
    },
  },
  cancelling: { title: 'The operator asked for an end; clean-up is under way.', properties: {} },
  owing: { title: 'The run has ended and still owes something; `holdfast reap` settles it.', properties: { owed: obligations } },
  left: {
    title: 'The operator made Holdfast leave at once; `holdfast resume` settles what is held.',
    properties: { owed: obligations },
  },
  refused: {
    title: 'The command ended before a run could start. Without `at` and `run`.',
    properties: {
      exitCode: whole('See exit-codes.md.'),
      diagnostics: { description: 'Why.', type: 'array', items: { $ref: '#/$defs/diagnostic' } },
    },
  },
}

/** Schema of one line. */
export const eventsSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'A line of holdfast --format json',
  oneOf: Object.entries(EVENTS).map(([name, { title, properties }]) => {
    const common: Record<string, JsonSchema> =
      name === 'refused' ? {} : { at: moment('When, by the clock of the engine.'), run: text('Id of the run.') }
    const all: Readonly<Record<string, JsonSchema>> = { event: { const: name }, ...common, ...properties }
    return {
      title,
      type: 'object',
      additionalProperties: false,
      required: Object.keys(all).filter((key) => !key.endsWith('?')),
      properties: Object.fromEntries(Object.entries(all).map(([key, schema]) => [key.replace('?', ''), schema])),
    }
  }),
  $defs: {
    failure: {
      description: 'A failure that an action declares, or one of the engine.',
      type: 'object',
      required: ['type', 'message', 'retryable', 'applied'],
      additionalProperties: false,
      properties: {
        type: text('Name of the failure.'),
        message: text('What went wrong.'),
        detail: { description: "The vendor's status, code and text, verbatim.", type: 'object' },
        hint: text('The next thing to do.'),
        retryable: { description: 'Whether the same call may succeed later.', type: 'boolean' },
        applied: choice('Whether the call took effect.', 'no', 'maybe'),
        path: text('Path of the step that failed.'),
      },
    },
    answer: {
      description: 'An answer to a question.',
      type: 'object',
      required: ['by', 'decision'],
      additionalProperties: false,
      properties: {
        by: text('Who gave it, as they said.'),
        decision: {
          description: 'What they said.',
          type: 'object',
          required: ['kind'],
          additionalProperties: false,
          properties: {
            kind: choice('How.', 'granted', 'denied'),
            inputs: { description: 'When granted: what the answer says.', type: 'object' },
            reason: text('When denied: why.'),
          },
        },
      },
    },
    obligation: {
      description: 'A duty to release something on a platform.',
      type: 'object',
      required: ['path', 'resource', 'identity', 'state'],
      additionalProperties: false,
      properties: {
        path: text('Path of the step that acquired it.'),
        resource: text('Type of the resource.'),
        identity: { description: 'What identifies it on the platform.', type: 'object' },
        state: choice('Where it stands.', 'intended', 'inDoubt', 'held', 'releasing', 'owed', 'released', 'void', 'kept'),
        lastFailure: failure,
      },
    },
    diagnostic: {
      description: 'A problem with a text or with the command line.',
      type: 'object',
      required: ['code', 'severity', 'message'],
      properties: {
        code: text('See diagnostics.md.'),
        severity: choice('How bad.', 'error', 'warning'),
        message: text('What is wrong.'),
      },
    },
  },
}
