// The JSON Schema of a plan, for programs that read one: written to schemas/plan.schema.json. The types of model.ts hold it complete.
import type { JsonSchema } from '../values/index.ts'
import type {
  Affected,
  Approval,
  Estimate,
  Hold,
  HoldWindow,
  Plan,
  PlannedPoint,
  PlanStep,
  Read,
  Request,
  Totals,
  Verified,
} from './model.ts'

type OptionalKey<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T] & string

/** An object with exactly these properties, each of the type's own. */
const object = <T>(
  description: string,
  properties: Readonly<Record<keyof T & string, JsonSchema>>,
  optional: readonly OptionalKey<T>[] = [],
): JsonSchema => ({
  description,
  type: 'object',
  additionalProperties: false,
  required: Object.keys(properties).filter((name) => !(optional as readonly string[]).includes(name)),
  properties,
})

const text = (description: string): JsonSchema => ({ description, type: 'string' })
const flag = (description: string): JsonSchema => ({ description, type: 'boolean' })
const ms = (description: string): JsonSchema => ({ description: `${description} Milliseconds.`, type: 'number', minimum: 0 })
const whole = (description: string): JsonSchema => ({ description, type: 'integer', minimum: 0 })
const choice = (description: string, ...values: readonly string[]): JsonSchema => ({ description, enum: values })
const list = (description: string, items: JsonSchema): JsonSchema => ({ description, type: 'array', items })
const some = (name: string): JsonSchema => ({ $ref: `#/$defs/${name}` })
/** Any JSON; what is unknown is `{ $unknown: where from }`. */
const value = (description: string): JsonSchema => ({ description })
const values = (description: string): JsonSchema => ({ description, type: 'object' })
const constant = (kind: string): JsonSchema => ({ const: kind })

const path = text('Path of the step, with loop keys: backup/vms[vm-1]/copy.')
const paths = (description: string): JsonSchema => list(description, { type: 'string' })
const estimate = some('estimate')

const longest = object<NonNullable<Totals['longestHold']>>(
  'A hold, and how long it may last.',
  { path, atMostMs: ms('At worst, by time-outs.'), estimate },
  ['atMostMs', 'estimate'],
)

const request = object<Request>(
  'One request over HTTP.',
  {
    purpose: choice('call is the effect itself; the others only read.', 'call', 'poll', 'page', 'readBack'),
    target: text("Operator's name of the target."),
    method: text('Upper case.'),
    path: text('Below the url of the target; unknown parts as ‹where from›.'),
    query: values('Parameters of the query.'),
    headers: values('Besides those that the login adds.'),
    body: value('JSON that is sent.'),
    login: text('Login that adds its own headers, which are secret.'),
  },
  ['body', 'login'],
)

const window = object<HoldWindow>(
  'From the acquiring call to the end of the release.',
  {
    during: paths('Steps that run while it is held, in the order of the document.'),
    atMostMs: ms('At worst, by time-outs; absent where something within has no bound.'),
    estimate,
    renewals: {
      description: 'Renewals of the lease to expect.',
      type: 'object',
      additionalProperties: false,
      required: ['low', 'high'],
      properties: { low: whole('At least.'), high: whole('At most.') },
    },
  },
  ['atMostMs', 'estimate', 'renewals'],
)

const hold = object<Hold>(
  'Something that would be held on a platform.',
  {
    path,
    type: text('Qualified resource type.'),
    title: text('What it is called.'),
    identity: value('What it is known by before it exists.'),
    owner: text('Path of the block that owns it; run is the run itself.'),
    release: text('Action that releases it.'),
    keptOnSuccess: flag('Whether it stays when all goes well.'),
    critical: flag('Whether it is let go before anything else.'),
    maxHoldMs: ms('How long it may be held.'),
    leaseEveryMs: ms('How often its lease is renewed.'),
    leaseLifetimeMs: ms('How long the lease lasts after a renewal.'),
    deadman: text('What lets go when nobody is left to: platform, timeout or none.'),
    deadmanAfterMs: ms('After how long a timeout lets go.'),
    releases: list('What its release sends.', some('request')),
    renews: list('What a renewal of its lease sends.', some('request')),
    window,
  },
  ['maxHoldMs', 'leaseEveryMs', 'leaseLifetimeMs', 'deadman', 'deadmanAfterMs'],
)

const step = object<PlanStep>(
  'A step, and those inside it.',
  {
    path,
    id: text('Its id in the runbook.'),
    verb: text('uses, scope, foreach, parallel, switch, wait, approve, runbook, end or fail.'),
    case: text('The case of the switch that it stands directly in.'),
    certainty: choice(
      'will: whatever is found. may: that depends on what only a run can tell. each: once for every item. onFailure: in a catch.',
      'will',
      'may',
      'each',
      'onFailure',
    ),
    action: text('Qualified action name.'),
    runbook: text('Called runbook, with its version.'),
    title: text('What the action does.'),
    effect: choice('What the call does to the far side.', 'read', 'mutate', 'acquire', 'release', 'destroy'),
    input: value('What it is given.'),
    requests: list('What goes over the wire for one try; empty for handlers.', some('request')),
    affects: list('What is touched.', some('affected')),
    timeoutMs: ms('After which a try, or the block, is ended.'),
    lock: text('Lock held meanwhile.'),
    approval: object<Approval>(
      'What people are asked.',
      { prompt: value('The question.'), by: value('Who may answer.'), timeoutMs: ms('After which the step fails.') },
      ['by', 'timeoutMs'],
    ),
    acquires: some('hold'),
    duration: estimate,
    unwind: paths('What would be released, in this order, if the run died right after this step.'),
    closes: paths('What closing this block releases, in order.'),
    steps: list('Inside it.', some('step')),
  },
  ['case', 'action', 'runbook', 'title', 'effect', 'input', 'timeoutMs', 'lock', 'approval', 'acquires', 'duration'],
)

const read = object<Read>('A call that was made to make the plan.', {
  path,
  action: text('Qualified action name.'),
  input: values('What it was given.'),
  result: {
    description: 'What it answered.',
    oneOf: [
      object<Extract<Read['result'], { kind: 'output' }>>('An output.', { kind: constant('output'), output: values('It.') }),
      object<Extract<Read['result'], { kind: 'failure' }>>('A failure.', {
        kind: constant('failure'),
        type: text('Its type.'),
        message: text('What went wrong.'),
      }),
    ],
  },
})

const totals = object<Totals>(
  'The plan in sum.',
  {
    longestFreeze: longest,
    longestHold: longest,
    bytes: whole('That transfers would move; absent where that is not known.'),
    duration: estimate,
    calls: {
      description: "Requests by operator's target.",
      type: 'object',
      additionalProperties: object<Totals['calls'][string]>('At least so many.', {
        reads: whole('That only read.'),
        changes: whole('That change something.'),
        more: flag('Whether loops, polls or pages of unknown length add to it.'),
      }),
    },
    affects: list('All that is changed, with what hangs on it.', some('affected')),
    approvals: paths('Steps that ask people.'),
    points: list(
      'Restore points that would be committed.',
      object<PlannedPoint>(
        'A restore point.',
        {
          path,
          vm: value('Its VM.'),
          level: value('full or incremental.'),
          consistency: value('What is proven.'),
          previous: value('When the newest one so far was taken.'),
        },
        ['previous'],
      ),
    ),
  },
  ['longestFreeze', 'longestHold', 'bytes', 'duration'],
)

const plan = object<Plan & { sha256?: string }>(
  'What a run would do.',
  {
    format: { const: 1 },
    sha256: text('Over the content; in saved plans.'),
    runbook: text('Its name.'),
    version: text('Its version.'),
    title: text('What it does.'),
    pins: {
      description: 'sha256 of the texts by role: runbook, pack:<name> …',
      type: 'object',
      additionalProperties: { type: 'string' },
    },
    basis: {
      description: 'What the plan knows of the world.',
      oneOf: [
        object<{ kind: 'offline' }>('Nothing.', { kind: constant('offline') }),
        object<{ kind: 'read'; at: string }>('What its own reads told.', {
          kind: constant('read'),
          at: { ...text('When.'), format: 'date-time' },
        }),
        object<{ kind: 'run'; run: string }>('What an earlier run was told.', { kind: constant('run'), run: text('Its id.') }),
      ],
    },
    inputs: values('Inputs; those that were not given are unknown.'),
    targets: values("Operator's target by the runbook's name for it."),
    steps: list('In the order in which they run.', some('step')),
    closes: paths('What the end of the run releases, in order.'),
    holds: list('Everything that would be acquired, in order.', some('hold')),
    locks: paths('Names of the locks.'),
    reads: list('What was read to make this plan.', read),
    totals,
    complete: flag('False where there are more alternatives than the plan looked into.'),
    verified: object<Verified>('What was tried and found to leave nothing behind; absent where these texts were not verified.', {
      faults: whole('Faults that may come together.'),
      items: whole('Items of each list of unknown length.'),
    }),
  },
  ['sha256', 'title', 'verified'],
)

export const planSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'A plan of holdfast',
  ...plan,
  $defs: {
    step,
    hold,
    request,
    affected: object<Affected>(
      'A thing of the platform.',
      { kind: text('vm, group, storage …'), id: value('Its id.'), name: value('Its name.') },
      ['name'],
    ),
    estimate: object<Estimate>('How long, by experience.', {
      lowMs: ms('At least.'),
      highMs: ms('At most.'),
      from: {
        description: 'runs: from how long earlier runs took; rate: from bytes and a stated rate.',
        oneOf: [
          object<{ kind: 'runs'; count: number }>('Earlier runs.', { kind: constant('runs'), count: whole('How many.') }),
          object<{ kind: 'rate'; bytesPerSecond: number }>('A rate.', {
            kind: constant('rate'),
            bytesPerSecond: { type: 'number' },
          }),
        ],
      },
    }),
  },
}
