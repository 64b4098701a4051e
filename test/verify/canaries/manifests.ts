// Wrong manifests: the platform does something else than its manifest says.
import type { Program } from '../../../src/kernel/index.ts'
import type { ResourceType } from '../../../src/packs/index.ts'
import type { PromiseName } from '../../../src/verify/index.ts'
import * as runbooks from '../runbooks.ts'
import { actions, type Canary, resources } from './broken.ts'

const { subject } = runbooks

const lying = (what: string, breaks: PromiseName, truth: Program, told: Program, more: Partial<Canary> = {}): Canary => ({
  what,
  breaks,
  subject: subject(told, { truth }),
  ...more,
})

const once = (of: Program, name: string): Program => actions(of, name, { idempotent: false })
const typed = (of: Program, name: string, change: Partial<ResourceType>): Program => {
  const type = of.resources[name]
  if (!type) throw new Error(name)
  return { ...of, resources: { ...of.resources, [name]: { ...type, ...change } } }
}
const releases = (of: Program, change: Partial<ResourceType['release']>): Program =>
  typed(of, 't/Snapshot', {
    release: { action: 't/snapshot.delete', idempotent: true, timeoutMs: 60_000, gone: ['notFound'], ...change },
  })
const leases = (of: Program, everyMs: number, lifetimeMs: number): Program =>
  typed(of, 't/Session', { lease: { renew: 't/session.renew', everyMs, lifetimeMs, lost: ['notFound'] } })
const refusing = actions(runbooks.simple, 't/snapshot.delete', {
  failures: { busy: { message: 'it is busy', retryable: true, applied: 'no' } },
})

export const MANIFESTS: readonly Canary[] = [
  {
    what: 'a thaw does not say that the guest had thawed by itself',
    breaks: 'P9',
    subject: subject(
      typed(runbooks.honest, 't/Freeze', {
        release: { action: 't/freeze.delete', idempotent: true, timeoutMs: 1000, gone: [] },
      }),
    ),
  },
  lying('things appear later than the manifest says', 'P2', runbooks.simple, resources(runbooks.simple, { appearsWithinMs: 0 })),
  lying(
    'the slot that takes the parent is not marked',
    'P4',
    runbooks.longLived,
    actions(runbooks.longLived, 't/session.create', { input: { type: 'object', properties: { name: {}, snapshot: {} } } }),
    { faults: 0 },
  ),
  lying(
    'a call is said to be idempotent and is not',
    'P3',
    runbooks.note,
    actions(runbooks.note, 't/note', { idempotent: true }),
  ),
  lying(
    'the platform forgets keys sooner than the manifest says',
    'P3',
    actions(runbooks.keyed, 't/snapshot.createKeyed', { keyLifetimeMs: 500 }),
    runbooks.keyed,
  ),
  lying('leases live shorter than the manifest says', 'P6', leases(runbooks.waiting, 60_000, 50_000), runbooks.waiting, {
    faults: 0,
  }),
  lying('renewals are said to be due too seldom', 'P6', runbooks.waiting, leases(runbooks.waiting, 400_000, 500_000), {
    faults: 0,
  }),
  lying('what is critical is not said to be', 'P5', runbooks.quiesced, resources(runbooks.quiesced, { critical: false })),
  lying(
    'the critical may be held shorter than the manifest says',
    'P5',
    runbooks.quiesced,
    typed(runbooks.quiesced, 't/Freeze', { maxHoldMs: 50_000 }),
  ),
  lying(
    'a release is said to be idempotent and is not',
    'P3',
    releases(runbooks.simple, { idempotent: false }),
    releases(runbooks.simple, { idempotent: true }),
  ),
  lying('a failure is taken for a proof that it is gone', 'P2', refusing, releases(refusing, { gone: ['busy'] })),
  lying(
    'a call is said to be resumable and is not',
    'P3',
    once(runbooks.note, 't/note'),
    actions(runbooks.note, 't/note', { resumable: true }),
  ),
  lying(
    'a call that acquires is said to change only',
    'P1',
    runbooks.simple,
    actions(runbooks.simple, 't/snapshot.create', { effect: 'mutate' }),
    { faults: 0 },
  ),
]
