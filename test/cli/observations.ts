// One of everything that can be observed of a run, for tests of views.
import type { Observation } from '../../src/engine/index.ts'
import type { Obligation, Outcome, Report } from '../../src/kernel/index.ts'
import type { Failure } from '../../src/packs/index.ts'

export const AT = Date.UTC(2026, 10, 21, 9, 30, 0)
export const RUN = '261121-093000-abc123'

export const failure: Failure = {
  type: 'snapshotLimit',
  message: 'the VM has too many snapshots',
  detail: { status: 409, code: '0x01000CB1', text: 'snapshot chain too long' },
  hint: 'delete old snapshots in SCP',
  retryable: true,
  applied: 'no',
  path: 'backup/vms[vm-1]/snap',
}

export const obligation: Obligation = {
  id: 'backup/snap',
  type: 'sangfor-scp/GroupSnapshot',
  owner: 'backup',
  input: {},
  identity: { groupId: 'g-1', name: 'rb-1' },
  parents: [],
  keepOnSuccess: false,
  state: 'owed',
  intendedAt: AT,
  sentAt: AT,
  releaseAttempts: 3,
  lastFailure: failure,
}

export const outcome: Outcome = { status: 'failed', outputs: { points: 2 }, failure, owed: ['backup/snap'] }

const base = { runId: RUN, at: AT } as const
const path = 'backup/vms[vm-1]/copy'

/** Exactly one of each kind; the type makes sure that none is forgotten. */
const reports = {
  stepStarted: { kind: 'stepStarted', path, step: 'copy', verb: 'uses', action: 'block-transfer/copy' },
  itemStarted: { kind: 'itemStarted', path: 'backup/vms[vm-1]', key: 'vm-1', name: 'erp-db' },
  stepEnded: { kind: 'stepEnded', path, outcome: 'failed', failure },
  retrying: { kind: 'retrying', path, attempt: 2, afterMs: 1500, failure },
  lock: { kind: 'lock', path: 'backup', name: 'scp-group/g', state: 'waits' },
  approval: {
    kind: 'approval',
    approval: {
      path,
      prompt: 'go on with erp-db?',
      by: ['ann', 'ben'],
      inputs: { type: 'object', required: ['ticket'] },
      askedAt: AT,
      until: AT + 3_600_000,
    },
    state: 'asked',
  },
  inDoubt: { kind: 'inDoubt', path, failure },
  closing: { kind: 'closing', path: 'backup', because: 'failed' },
  obligation: { kind: 'obligation', obligation },
  leaseRenewed: { kind: 'leaseRenewed', path, untilMs: AT + 300_000 },
} as const satisfies { readonly [K in Report['kind']]: Extract<Report, { kind: K }> }

export const observations: readonly Observation[] = [
  { ...base, kind: 'runStarted', runbook: 'lab/backup', resumed: false },
  ...Object.values(reports).map((report) => ({ ...base, kind: 'report', report }) as const),
  { ...base, kind: 'progress', path, progress: { doneBytes: 0, totalBytes: 64 * 2 ** 20, label: 'vm-1 ide0' } },
  {
    ...base,
    at: AT + 2000,
    kind: 'progress',
    path,
    progress: { doneBytes: 16 * 2 ** 20, totalBytes: 64 * 2 ** 20, label: 'vm-1 ide0' },
  },
  { ...base, kind: 'runEnded', outcome },
]

/** What would steer a terminal, or hide what is behind it. */
const STEERING = '\u001b]0;owned\u0007\r\n\u009b31m\u202e'
const hostile: Failure = { ...failure, message: STEERING, detail: { text: STEERING } }
const owed: Obligation = { ...obligation, identity: { name: STEERING }, lastFailure: hostile }

/** The same from a platform that means harm. */
export const HOSTILE: readonly Observation[] = [
  { ...base, kind: 'runStarted', runbook: 'lab/backup', resumed: false },
  { ...base, kind: 'report', report: { kind: 'itemStarted', path: 'backup/vms[vm-1]', key: 'vm-1', name: STEERING } },
  { ...base, kind: 'report', report: { kind: 'obligation', obligation: owed } },
  { ...base, kind: 'progress', path, progress: { doneBytes: 0, totalBytes: 1, label: STEERING } },
  { ...base, kind: 'report', report: { kind: 'stepEnded', path, outcome: 'failed', failure: { ...hostile, path } } },
  { ...base, kind: 'runEnded', outcome: { ...outcome, outputs: { name: STEERING }, failure: hostile } },
]
