// JSON Schema of pack.yaml: what editors complete and document, and the first check of a manifest. It says shapes only; rules.ts says meaning.
import { DURATION_PATTERN, type JsonSchema } from '../values/index.ts'
import { COMMON_SHAPES } from './common-shapes.ts'

const closed = (description: string, properties: JsonSchema, required: readonly string[] = []): JsonSchema => ({
  type: 'object',
  description,
  additionalProperties: false,
  required,
  properties,
})

const named = (description: string, pattern: string, value: JsonSchema): JsonSchema => ({
  type: 'object',
  description,
  propertyNames: { pattern },
  additionalProperties: value,
})

const text = (description: string): JsonSchema => ({ type: 'string', minLength: 1, description })
const flag = (description: string, whenAbsent: boolean): JsonSchema => ({ type: 'boolean', description, default: whenAbsent })
const duration = (description: string): JsonSchema => ({
  type: 'string',
  pattern: DURATION_PATTERN,
  description: `${description} A duration such as 500ms, 30s, 10m or 1h30m.`,
})
const names = (description: string): JsonSchema => ({ type: 'array', items: { type: 'string', minLength: 1 }, description })
const template = (description: string): JsonSchema => ({ description: `${description} A value, or an expression in \${ … }.` })
const schema = (description: string): JsonSchema => ({ type: 'object', description })

const LOWER_NAME = '^[a-z][A-Za-z0-9]*$'
const TYPE_NAME = '^[A-Z][A-Za-z0-9]*$'
const ACTION_NAME = '^[a-z][A-Za-z0-9]*(\\.[a-z][A-Za-z0-9]*)*$'
const PACK_NAME = '^[a-z][a-z0-9]*(-[a-z0-9]+)*$'

const connection = closed(
  'A type of target: where calls go and with which credentials.',
  {
    title: text('What the target is, for people.'),
    auth: {
      type: 'string',
      pattern: '^[a-z][a-z0-9-]*/[a-z][a-z0-9-]*$',
      description: 'The login that signs requests, as <pack>/<login>.',
    },
    properties: {
      type: 'object',
      description:
        'Settings by name, each a JSON Schema; `x-secret: true` marks what may only come from environment, file or command, `x-path: true` a path relative to the configuration.',
      additionalProperties: { type: 'object' },
    },
    required: names('Settings that an operator must give.'),
    allOf: {
      type: 'array',
      description: 'What the settings must satisfy together, each a JSON Schema: which of them go with which.',
      items: { type: 'object' },
    },
    limits: closed('How many calls the far side takes; calls beyond wait.', {
      getPerMinute: { type: 'integer', minimum: 1, description: 'GET requests a minute.' },
      otherPerMinute: { type: 'integer', minimum: 1, description: 'All other requests a minute.' },
    }),
  },
  ['title'],
)

const request = closed('What is sent; each part maps a name of the OpenAPI operation to a value.', {
  path: named('Path parameters.', '', template('The parameter.')),
  query: named('Query parameters; absent values are left out.', '', template('The parameter.')),
  headers: named('Header parameters.', '', template('The header.')),
  body: template('The JSON body.'),
  bodyFrom: template('What the bytes of the body are read by, where it is no JSON; they stand in no value.'),
})

const completion = closed(
  'How a call that answered before its work was done is followed to its end.',
  {
    id: template('Id of the task; root `response`. Absent means there is nothing to follow.'),
    operation: text('operationId that reads the task.'),
    request,
    task: template('The task; roots `response` of the poll, `id`, `input`.'),
    done: template('True when the task ended well; roots `task`, `response`.'),
    failed: template('True when the task failed; roots `task`, `response`.'),
    every: duration('Pause between two polls; of a task that takes long, a fiftieth of its time so far, at most a minute.'),
  },
  ['id', 'operation', 'task', 'done', 'failed', 'every'],
)

const paging = closed(
  'How a listing goes on after its first page.',
  {
    next: template('Query parameters or fields of the body for the next page, or nothing; roots `response`, `request`, `input`.'),
    items: template('The items of a page; root `response`.'),
  },
  ['next', 'items'],
)

const failure = closed(
  'A way in which calls are known to fail.',
  {
    message: text('What went wrong, for people.'),
    hint: text('What to do next.'),
    retryable: flag('Trying again may help.', false),
    applied: { enum: ['no', 'maybe'], default: 'no', description: 'no: the platform did nothing. maybe: look before repeating.' },
    when: template('True when an answer means this failure; roots `response` and, for a failed task, `task`.'),
  },
  ['message'],
)

const releaseRule = closed(
  'How the resource is let go.',
  {
    action: text('Action with effect release.'),
    idempotent: flag('Releasing what is gone already does no harm.', false),
    timeout: duration('Time for one attempt.'),
    gone: names('Failure types of the release which say that it is gone already.'),
    reason: closed(
      'Value of the release action’s input `reason`.',
      { closed: text('When the scope ended well.'), failed: text('When it did not.') },
      ['closed', 'failed'],
    ),
  },
  ['action'],
)

const lease = closed(
  'The platform lets go by itself unless the resource is renewed.',
  {
    renew: text('Action that renews.'),
    every: duration('Time between two renewals.'),
    lifetime: duration('From the last renewal until the platform lets go.'),
    lost: names('Failure types of a renewal which say that the platform has let go.'),
  },
  ['renew', 'every', 'lifetime'],
)

const resource = closed(
  'Something held on the far side until it is released.',
  {
    title: text('What it is, for people.'),
    identity: { ...names('Inputs of the acquiring action that identify it before it exists.'), minItems: 1 },
    find: text('Read action that looks it up by identity; its output has `found`.'),
    probe: text('Read action that tells by `found` whether it is still held.'),
    sweep: {
      ...names(
        'Read actions that list all there are, each called for every item of the one before; `holdfast sweep` compares them with the ledger.',
      ),
      minItems: 1,
    },
    appearsWithin: duration('How long after the call it may still appear.'),
    release: releaseRule,
    releaseWhen: {
      type: 'array',
      items: { enum: ['acquired', 'failed', 'unknown'] },
      default: ['acquired', 'unknown'],
      description: 'Outcomes of the acquire after which a release is owed.',
    },
    lease,
    childOf: names('Resource types that must outlive it.'),
    critical: flag('Holding it hurts, such as a frozen guest: released before anything else.', false),
    maxHold: duration('Longest time it may be held.'),
    deadman: {
      type: 'string',
      pattern: `^(?:platform|none)$|${DURATION_PATTERN}`,
      description: 'What lets go when nobody is left to: `platform`, `none`, or a time-out such as 5m.',
    },
  },
  ['title', 'identity', 'release'],
)

const readBack = closed(
  'A read action called after the change, until it shows the change.',
  {
    action: text('Read action; its inputs are taken by name from this action’s input and result.'),
    until: template('True when it is visible; root `result` is the read action’s output.'),
    every: duration('Pause between two looks; where the change takes long, a fiftieth of the time so far, at most a minute.'),
  },
  ['action', 'until', 'every'],
)

const example = closed(
  'A call as it could really happen.',
  { title: text('What it shows.'), input: schema('The input.'), output: schema('The output.') },
  ['title', 'input', 'output'],
)

const action = closed(
  'A typed call: an operation of the OpenAPI document, or a handler in code.',
  {
    title: text('What it does, for people.'),
    source: text('Where the facts about it come from: guide and section, or specification.'),
    effect: {
      enum: ['read', 'mutate', 'acquire', 'release', 'destroy'],
      description:
        'read changes nothing; acquire and release begin and end a resource; destroy cannot be undone; mutate is any other change.',
    },
    resource: text('Resource type that it acquires or releases.'),
    idempotent: {
      enum: [true, false, 'keyed'],
      description: 'Safe to repeat; keyed: with the same key. Default: true for read and release, else false.',
    },
    keyLifetime: duration('How long the platform remembers a key.'),
    resumable: flag('Goes on from its checkpoint after a crash.', false),
    readsWith: text('Why a read action is bound to a method other than GET.'),
    lock: template('Name of what is held exclusively, over all runs, during the call; root `input`.'),
    timeout: duration('Time for one attempt, to the end of its task. Default 1m.'),
    input: schema(
      'JSON Schema of the input; `type: object` and `additionalProperties: false` are implied. `x-connection` marks the target, `x-resource` a handle, `x-secret: true` what must stay secret, `x-selector: true` what narrows down what is changed, so that it is never empty.',
    ),
    output: schema('JSON Schema of the output; `type: object` is implied.'),
    operation: text('operationId in the OpenAPI document.'),
    handler: { const: true, description: 'The platform has a handler in code for this action.' },
    request,
    bodyInto: template(
      'Where the bytes of the answer are kept, where it is no JSON; root `input`. Root `kept` is then what they are read by again.',
    ),
    completes: text('Name in `completions`.'),
    pages: text('Name in `pagings`.'),
    readBack,
    result: template(
      'The output; roots `input`, `attempt`, `response`, `task`, `items`, `readBack`, `kept`. Default: the response’s body.',
    ),
    fails: names('Ways in which this action fails, by their names in the pack’s `failures`; those with `when` need no naming.'),
    failures: named('Ways in which only this action fails; tried before the pack’s.', LOWER_NAME, failure),
    examples: { type: 'array', items: example, description: 'Calls for documentation, contract tests, plan and verify.' },
  },
  ['title', 'source', 'effect', 'input', 'output'],
)

/** JSON Schema 2020-12 of the manifest's YAML. */
export const packSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Holdfast pack',
  ...closed(
    'What a platform contributes: resource types, actions, failures and connection types, as data.',
    {
      pack: { const: 1, description: 'Version of this format.' },
      name: { type: 'string', pattern: PACK_NAME, description: 'Name that runbooks use the pack by.' },
      version: text('Semantic version of the pack.'),
      title: text('The platform, for people.'),
      openapi: text('OpenAPI 3.1 document of the operations, a file beside this one.'),
      connections: named('Types of targets.', TYPE_NAME, connection),
      completions: named('Asynchronous protocols.', LOWER_NAME, completion),
      pagings: named('Ways in which listings go on.', LOWER_NAME, paging),
      failures: named(
        'Failures of several actions. One with `when` is a failure of all operations; any other one of the actions that name it under `fails`.',
        LOWER_NAME,
        failure,
      ),
      shapes: named(
        `JSON Schemas that inputs and outputs refer to with \`$ref: '#/shapes/<name>'\`. Every pack has ${Object.keys(COMMON_SHAPES).join(', ')}.`,
        LOWER_NAME,
        schema('JSON Schema.'),
      ),
      resources: named('Types of what is held.', TYPE_NAME, resource),
      actions: named('Typed calls.', ACTION_NAME, action),
    },
    ['pack', 'name', 'version', 'title', 'actions'],
  ),
}
