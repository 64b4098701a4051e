// Plans of any shape with any text in it, for laws of the views. What they say makes no sense; that is the point.
import fc from 'fast-check'
import type { Affected, Estimate, Hold, Plan, PlanStep, Request } from '../../../src/plan/index.ts'
import type { Json } from '../../../src/values/index.ts'

/** Names that try to leave the place where they stand. */
const HOSTILE = [
  '</style><script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '&lt;b&gt; &#60;',
  '`|`|``` \n| a | b |\n# head',
  '%%{init: {"theme":"dark"}}%% end subgraph x',
  '#quot; #35; "] --> x["',
  '\u001b[31mred\u001b[0m\u0007',
  '\u202egnp.exe',
  '財務サーバー・本番環境の仮想マシン',
  '👩‍👩‍👧‍👦🇩🇪é한국어',
  '\ud800 lone',
  'a'.repeat(150),
  '',
]

const text = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
)
const id = fc.constantFrom('snap', 'vms', 'copy', 'aVeryLongIdOfAStepThatGoesOnAndOnAndOnAndOn', 'x')
const ms = fc.integer({ min: 0, max: 10 ** 9 })
const maybe = <K extends string, T>(key: K, value: fc.Arbitrary<T>): fc.Arbitrary<Partial<Record<K, T>>> =>
  fc.option(value, { nil: undefined }).map((some) => (some === undefined ? {} : { [key]: some }) as Partial<Record<K, T>>)

const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    text,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    text.map(($unknown) => ({ $unknown })),
    text.map(($secret) => ({ $secret })),
    fc.array(tie('value'), { maxLength: 9 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4 }),
  ),
})).value

const object = fc.dictionary(text, json, { maxKeys: 5 })
const affected: fc.Arbitrary<Affected> = fc
  .tuple(fc.record({ kind: fc.oneof(fc.constant('vm'), text), id: json }), maybe('name', json))
  .map(([base, more]) => ({ ...base, ...more }))
const estimate: fc.Arbitrary<Estimate> = fc.record({
  lowMs: ms,
  highMs: ms,
  from: fc.oneof(
    fc.record({ kind: fc.constant('runs' as const), count: fc.nat(100) }),
    fc.record({ kind: fc.constant('rate' as const), bytesPerSecond: fc.nat() }),
  ),
})
const request: fc.Arbitrary<Request> = fc
  .tuple(
    fc.record({
      purpose: fc.constantFrom('call' as const, 'poll' as const, 'page' as const, 'readBack' as const),
      target: text,
      method: fc.constantFrom('GET', 'POST', 'DELETE'),
      path: text,
      query: object,
      headers: object,
    }),
    maybe('body', json),
    maybe('login', text),
  )
  .map(([base, ...more]) => Object.assign({}, base, ...more) as Request)

const hold = (path: string): fc.Arbitrary<Hold> =>
  fc
    .tuple(
      fc.record({
        type: text,
        title: text,
        identity: json,
        owner: fc.oneof(fc.constant('run'), fc.constant('a/vms[b]'), text),
        release: text,
        keptOnSuccess: fc.boolean(),
        critical: fc.boolean(),
        releases: fc.array(request, { maxLength: 1 }),
        renews: fc.array(request, { maxLength: 1 }),
      }),
      maybe('maxHoldMs', ms),
      maybe('leaseEveryMs', ms),
      maybe('leaseLifetimeMs', ms),
      maybe('deadman', fc.oneof(fc.constant('none'), text)),
      maybe('deadmanAfterMs', ms),
      fc
        .tuple(
          maybe('atMostMs', ms),
          maybe('estimate', estimate),
          maybe('renewals', fc.record({ low: fc.nat(99), high: fc.nat(99) })),
        )
        .map((parts) => ({ window: Object.assign({ during: [] }, ...parts) })),
    )
    .map((parts) => Object.assign({ path }, ...parts) as Hold)

const VERBS = ['uses', 'scope', 'foreach', 'parallel', 'switch', 'wait', 'approve', 'runbook', 'end', 'fail']
const WAYS = ['/', '[*]/', '[a]/', '[b%2F%]/', '!catch/']

function stepsUnder(parent: string, depth: number): fc.Arbitrary<readonly PlanStep[]> {
  return fc.array(
    fc
      .tuple(id, fc.constantFrom(...WAYS), fc.nat(99))
      .chain(([name, way, number]) => stepAt(parent === '' ? `${name}${number}` : `${parent}${way}${name}${number}`, depth)),
    { maxLength: 3 },
  )
}

function stepAt(path: string, depth: number): fc.Arbitrary<PlanStep> {
  const base = {
    path: fc.constant(path),
    id: fc.constant(path.slice(path.lastIndexOf('/') + 1)),
    verb: fc.constantFrom(...VERBS),
    certainty: fc.constantFrom('will' as const, 'may' as const, 'each' as const, 'onFailure' as const),
    requests: fc.array(request, { maxLength: 2 }),
    affects: fc.array(affected, { maxLength: 3 }),
    unwind: fc.array(fc.oneof(fc.constant(path), text), { maxLength: 3 }),
    closes: fc.array(fc.oneof(fc.constant(path), text), { maxLength: 2 }),
    steps: depth === 0 ? fc.constant([]) : stepsUnder(path, depth - 1),
  }
  return fc
    .tuple(
      fc.record(base),
      maybe('action', fc.oneof(fc.constant('core/assert'), text)),
      maybe('title', text),
      maybe('case', text),
      maybe('runbook', text),
      maybe(
        'effect',
        fc.constantFrom('read' as const, 'mutate' as const, 'acquire' as const, 'release' as const, 'destroy' as const),
      ),
      maybe('input', json),
      maybe('timeoutMs', ms),
      maybe('lock', text),
      maybe('duration', estimate),
      maybe('acquires', hold(path)),
      maybe('approval', fc.record({ prompt: json, by: json, timeoutMs: ms })),
    )
    .map((parts) => Object.assign({}, ...parts) as PlanStep)
}

const holdsIn = (steps: readonly PlanStep[]): readonly Hold[] =>
  steps.flatMap(({ acquires, steps: inner }) => [...(acquires ? [acquires] : []), ...holdsIn(inner)])

export const anyPlan: fc.Arbitrary<Plan> = fc
  .tuple(
    fc.record({
      format: fc.constant(1 as const),
      runbook: text,
      version: text,
      pins: fc.constant({}),
      basis: fc.oneof(
        fc.constant({ kind: 'offline' as const }),
        text.map((at) => ({ kind: 'read' as const, at })),
        text.map((run) => ({ kind: 'run' as const, run })),
      ),
      inputs: object,
      targets: object,
      steps: stepsUnder('', 3),
      closes: fc.array(text, { maxLength: 2 }),
      locks: fc.array(text, { maxLength: 3 }),
      reads: fc.array(
        fc.record({
          path: text,
          action: text,
          input: object,
          result: fc.oneof(
            fc.record({ kind: fc.constant('output' as const), output: object }),
            fc.record({ kind: fc.constant('failure' as const), type: text, message: text }),
          ),
        }),
        { maxLength: 2 },
      ),
      complete: fc.boolean(),
    }),
    maybe('title', text),
    fc.record({
      calls: fc.dictionary(text, fc.record({ reads: fc.nat(), changes: fc.nat(), more: fc.boolean() }), { maxKeys: 2 }),
      affects: fc.array(affected, { maxLength: 4 }),
      points: fc.array(fc.record({ path: text, vm: json, level: json, consistency: json, previous: json }), { maxLength: 3 }),
    }),
    maybe('bytes', fc.nat()),
    maybe('duration', estimate),
  )
  .map(([plan, title, totals, bytes, duration]) => {
    const holds = holdsIn(plan.steps)
    const [first] = holds
    const longest =
      first === undefined
        ? {}
        : { longestHold: { path: first.path, ...first.window }, longestFreeze: { path: first.path, ...first.window } }
    return { ...plan, ...title, holds, totals: { ...totals, ...bytes, ...duration, ...longest, approvals: [] } }
  })
