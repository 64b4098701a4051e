// Small runbooks that the canaries break, and the ways to ask verify about them.
import { apply, type Program } from '../../src/kernel/index.ts'
import type { Step } from '../../src/language/index.ts'
import { type JsonObject, unknown } from '../../src/values/index.ts'
import { type Bounds, type Subject, search, type Verdict } from '../../src/verify/index.ts'
import { approve, block, call, choose, end, foreach, parallel, program, scope, uses, wait } from '../kernel/build.ts'

export const snap = uses('snap', 't/snapshot.create', { name: 's' })
export const session = uses('session', 't/session.create', { name: 'x', snapshot: '$.steps.snap.handle' })
const copy = uses('copy', 't/copy', { name: 'x', session: '$.steps.session.handle' })

export const simple = program(block([scope('backup', block([snap]))]))
export const note = program(block([uses('say', 't/note', { name: 'x' })]))
export const leased = program(block([scope('backup', block([snap, session, copy]))]))
export const waiting = program(block([scope('backup', block([snap, session, wait('long', '10m'), copy]))]))
export const keyed = program(block([scope('backup', block([uses('snap', 't/snapshot.createKeyed', { name: 's' })]))]))
export const frozen = program(block([scope('hold', block([uses('quiet', 't/freeze.create', { name: 'g' })]))]))
export const locked = program(block([scope('alone', block([snap]), { lock: 'a' })]))
export const longLived = program(
  block([
    scope(
      'outer',
      block([
        scope(
          'inner',
          block([snap, uses('session', 't/session.create', { name: 'x', snapshot: '$.steps.snap.handle' }, { owner: 'outer' })]),
        ),
      ]),
    ),
  ]),
)

export const quiesced = program(
  block([
    scope(
      'backup',
      block([
        scope(
          'prepare',
          block([
            uses('quiet', 't/freeze.create', { name: 'guest' }),
            uses('snap', 't/snapshot.create', { name: 's' }, { owner: 'backup', timeoutMs: 20_000 }),
          ]),
        ),
        session,
        copy,
        end('done', 'session'),
      ]),
    ),
  ]),
)

const perVm = block([
  uses('session', 't/session.create', { name: '$.vm', snapshot: '$.steps.snap.handle' }),
  uses('copy', 't/copy', { name: '$.vm', session: '$.steps.session.handle' }),
])
const group = (onError: 'fail' | 'collect') =>
  program(block([scope('backup', block([snap, foreach('vms', '$.inputs.vms', 'vm', '$.vm', perVm, onError, 2)]))]))
/** Whoever is denied stops the other. */
export const askingEach = program(
  block([scope('backup', block([foreach('vms', ['a', 'b'], 'vm', '$.vm', block([approve('gate', '$.vm'), snap]), 'fail', 2)]))]),
)
export const collecting = group('collect')
export const failing = group('fail')
export const asking = program(block([scope('backup', block([snap, session, approve('gate', 'go on?'), copy]))]))
export const askingOnce = program(block([scope('backup', block([snap, approve('gate', 'go on?', { timeoutMs: 60_000 })]))]))
/** The answer is waited for while leases are renewed, and beside what is critical. */
export const askingLong = program(
  block([
    scope(
      'backup',
      block([
        snap,
        session,
        parallel(
          'both',
          {
            asked: block([approve('gate', 'go on?', { timeoutMs: 3_600_000 }), copy]),
            frozen: block([scope('hold', block([uses('quiet', 't/freeze.create', { name: 'g' })]))]),
          },
          'collect',
        ),
      ]),
      { catch: { on: ['denied', 'approvalTimedOut'], body: block([uses('say', 't/note', { name: 'x' })]) } },
    ),
  ]),
)
/** The snapshot is taken by one called runbook and used by another. */
export const calling = program(
  block([
    scope(
      'backup',
      block([
        call('take', block([snap], { handle: '$.steps.snap.handle' })),
        call(
          'copyOut',
          block([
            uses('session', 't/session.create', { name: 'x', snapshot: '$.inputs.snapshot' }),
            scope('inner', block([copy])),
          ]),
          { snapshot: '$.steps.take.handle' },
        ),
      ]),
    ),
  ]),
)
export const chosen = program(
  block([
    scope('backup', block([choose('how', '$.inputs.how', { one: block([snap]), two: block([uses('b', 't/note', {})]) })])),
    uses('last', 't/store', {}, { if: '$.inputs.more' }),
  ]),
)

/** The handle of what its scope has let go. */
export const escaped = program(
  block([
    scope('inner', block([snap], { handle: '$.steps.snap.handle' })),
    uses('use', 't/session.create', { name: 'x', snapshot: '$.steps.inner.handle' }),
  ]),
)
/** A catch hands out what its scope has let go after it. */
export const caughtTooLate = program(
  block([
    uses('lasting', 't/snapshot.create', { name: 'l' }),
    scope('inner', block([approve('ask', 'go on?')], { handle: '$.steps.lasting.handle' }), {
      catch: { on: ['denied'], body: block([snap], { handle: '$.steps.snap.handle' }) },
    }),
    uses('use', 't/session.create', { name: 'x', snapshot: '$.steps.inner.handle' }),
  ]),
)
/** A called runbook hands out what a scope of its own has let go. */
export const handedTooLate = program(
  block([
    call('sub', block([scope('own', block([snap], { handle: '$.steps.snap.handle' }))], { handle: '$.steps.own.handle' })),
    uses('use', 't/session.create', { name: 'x', snapshot: '$.steps.sub.handle' }),
  ]),
)
export const endedTooSoon = program(block([scope('backup', block([snap, session, end('soon', 'snap'), copy]))]))
export const lockedTwice = program(block([scope('one', block([scope('two', block([snap]), { lock: 'a' })]), { lock: 'a' })]))
export const lockedCrosswise = program(
  block([
    parallel('both', {
      left: block([scope('a', block([scope('b', block([snap]), { lock: 'y' })]), { lock: 'x' })]),
      right: block([scope('c', block([scope('d', block([snap]), { lock: 'x' })]), { lock: 'y' })]),
    }),
  ]),
)

export const subject = (of: Program, more: Partial<Subject> = {}): Subject => ({
  program: of,
  truth: of,
  apply,
  inputs: { vms: unknown('vms'), how: unknown('how'), more: unknown('more') },
  targets: {},
  items: 2,
  ...more,
})

export const verify = (what: Subject, bounds: Partial<Bounds> = {}): Promise<Verdict> =>
  search(what, { faults: 1, maxStates: 100_000, maxViolations: 20, ...bounds })

// ---- restore points ---------------------------------------------------------------------------------------------

const vm = { type: 'string', 'x-means': 'vm' }
const means = (word: string) => ({ 'x-means': word })
const input = (properties: JsonObject) => ({ type: 'object', properties: { vm, ...properties } })

/** With the words that tell a copy from a commit, a snapshot and a freeze. The freeze says itself when it is gone. */
function telling(of: Program): Program {
  const { actions, resources } = of
  const { 't/copy': copying, 't/note': noting, 't/snapshot.create': snapshot, 't/freeze.create': freezing } = actions
  const { 't/Freeze': freeze } = resources
  if (!copying || !noting || !snapshot || !freezing || !freeze) throw new Error('the actions are there')
  return {
    ...of,
    actions: {
      ...actions,
      't/copy': {
        ...copying,
        input: input({ maps: means('extents') }),
        failures: { mapUnusable: { message: 'the map cannot be used', retryable: false, applied: 'no' } },
      },
      't/commit': {
        ...noting,
        name: 't/commit',
        idempotent: true,
        input: input({ level: means('level'), consistency: means('consistency') }),
      },
      't/snapshot.create': { ...snapshot, output: { type: 'object', properties: { id: means('snapshot') } } },
      't/freeze.create': { ...freezing, input: input({ name: { type: 'string' } }) },
    },
    resources: { ...resources, 't/Freeze': { ...freeze, release: { ...freeze.release, gone: ['notFound'] } } },
  }
}

const copyOf = (id: string) => uses(id, 't/copy', { vm: 'a', maps: [] })
const commit = (consistency: unknown) => uses('commit', 't/commit', { vm: 'a', level: 'full', consistency })
const storing = (...steps: readonly Step[]) => telling(program(block([scope('backup', block([...steps]))])))

/** Copies disk by disk; one that fails does not stop the others. */
export const storingEach = storing(
  foreach('disks', '$.inputs.vms', 'disk', '$.disk', block([copyOf('copy')]), 'collect'),
  commit('crash'),
)
export const committedPerDisk = storing(
  foreach('disks', '$.inputs.vms', 'disk', '$.disk', block([copyOf('copy'), commit('crash')])),
)
export const committedBesides = storing(parallel('both', { data: block([copyOf('copy')]), point: block([commit('crash')]) }))
export const stored = storing(copyOf('copy'), commit('crash'))
export const committedFirst = storing(commit('crash'), copyOf('copy'))

const quiet = uses('quiet', 't/freeze.create', { vm: 'a', name: 'g' })
const snapOf = uses('snap', 't/snapshot.create', { name: 's' }, { owner: 'backup' })
/** Frozen for the snapshot; the point claims something of it. */
export const claiming = (claim: unknown, frozen: readonly Step[] = [quiet, snapOf], after: readonly Step[] = []) =>
  storing(scope('freeze', block([...frozen]), { onDirtyClose: 'accept' }), ...after, copyOf('copy'), commit(claim))
/** As much as the close of the freeze allows. */
export const honest = claiming('$.steps.freeze.clean ? "application" : "crash"')
export const neverFrozen = claiming('application', [snapOf])
export const snappedTooLate = claiming('application', [quiet], [snapOf])
