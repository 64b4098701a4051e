// A state directory with a past: runs of one small runbook that hold things, as a journal would have them.
import { join } from 'node:path'
import { type Journal, openJournal, processOwner } from '../../src/journal/index.ts'
import type { Obligation, Outcome } from '../../src/kernel/index.ts'

const PACK = `pack: 1
name: lab
version: 1.0.0
title: Lab
connections:
  Host: { title: A host, properties: { url: { type: string } } }
resources:
  Freeze:
    title: A guest whose disks stand still
    identity: [guest]
    release: { action: guest.thaw, idempotent: true, timeout: 10s }
    releaseWhen: [acquired, unknown]
    critical: true
    maxHold: 30s
    deadman: 60s
  Snapshot:
    title: A snapshot
    identity: [name]
    release: { action: snapshot.delete, idempotent: true, timeout: 10s }
    releaseWhen: [acquired, unknown]
    deadman: none
actions:
  guest.freeze: { title: Freeze, source: none, effect: acquire, resource: Freeze, timeout: 5s, input: { required: [host, guest], properties: { host: { x-connection: Host }, guest: { type: string } } }, output: {}, handler: true }
  guest.thaw: { title: Thaw, source: none, effect: release, resource: Freeze, input: { required: [host, guest], properties: { host: { x-connection: Host }, guest: { type: string } } }, output: {}, handler: true }
  snapshot.create: { title: Take, source: none, effect: acquire, resource: Snapshot, timeout: 5s, input: { required: [host, name], properties: { host: { x-connection: Host }, name: { type: string } } }, output: {}, handler: true }
  snapshot.delete: { title: Delete, source: none, effect: release, resource: Snapshot, input: { required: [host, name], properties: { host: { x-connection: Host }, name: { type: string } } }, output: {}, handler: true }
`

const RUNBOOK = `runbook: 1
name: lab/hold
version: 1.0.0
use: { lab: lab@^1.0.0 }
targets: { host: lab/Host }
steps:
  - id: freeze
    uses: lab/guest.freeze
    with: { host: '\${ targets.host }', guest: db-1 }
  - id: snap
    uses: lab/snapshot.create
    with: { host: '\${ targets.host }', name: one }
`

/** A process that is surely gone. */
export const GONE = processOwner().replace(/:\d+:\d+$/, ':999999999:1')

export interface PastRun {
  readonly id: string
  /** How the run ended; absent for one that has not. */
  readonly status?: Outcome['status']
  /** Default: a process that is gone. */
  readonly owner?: string
  readonly createdAt?: number
  /** What the runbook's target is bound to; without it the run can only be looked at. */
  readonly target?: string
  readonly holds: readonly Held[]
}

export interface Held {
  readonly step: 'freeze' | 'snap'
  readonly state: Obligation['state']
  readonly target: string
  readonly since: number
  readonly lastFailure?: Obligation['lastFailure']
}

export async function writeLedger(folder: string, runs: readonly PastRun[]): Promise<void> {
  await using journal = openJournal(join(folder, '.holdfast/journal.sqlite'))
  for (const run of runs) await writeRun(journal, run)
}

export async function writeRun(
  journal: Journal,
  { id, status, owner = GONE, createdAt = 0, target, holds }: PastRun,
): Promise<void> {
  const pins = { runbook: await journal.putDocument(RUNBOOK), 'pack:lab': await journal.putDocument(PACK) }
  const targets = target === undefined ? {} : { host: { $target: target, connection: 'lab/Host' } }
  await journal.createRun({ id, runbook: 'lab/hold', runbookVersion: '1.0.0', pins, inputs: {}, targets, createdAt })
  const epoch = (await journal.claim(id, owner, true)) ?? 0
  const obligations = holds.map(obligationOf)
  const owed = obligations.filter(({ state }) => state === 'owed').map((each) => each.id)
  const outcome = status === undefined ? {} : { outcome: { status, owed } }
  await journal.append(id, epoch, { events: [{ kind: 'started', at: createdAt }], obligations, ...outcome })
}

function obligationOf({ step, state, target, since, lastFailure }: Held): Obligation {
  const identity: Record<string, string> = step === 'freeze' ? { guest: 'db-1' } : { name: 'one' }
  return {
    id: step,
    type: step === 'freeze' ? 'lab/Freeze' : 'lab/Snapshot',
    owner: '',
    input: { host: { $target: target, connection: 'lab/Host' }, ...identity },
    identity,
    parents: [],
    keepOnSuccess: false,
    state,
    intendedAt: since,
    sentAt: since,
    heldAt: since,
    releaseAttempts: 0,
    ...(lastFailure ? { lastFailure } : {}),
  }
}
