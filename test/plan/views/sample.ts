// A plan with every feature that a view must show, small enough to read. Hand-made: the views are judged by it, not the planner.
import type { Hold, Plan, PlanStep, Request } from '../../../src/plan/index.ts'
import { unknown } from '../../../src/values/index.ts'

export function step(path: string, more: Partial<PlanStep> = {}): PlanStep {
  const id = path.slice(path.lastIndexOf('/') + 1)
  return { path, id, verb: 'uses', certainty: 'will', requests: [], affects: [], unwind: [], closes: [], steps: [], ...more }
}

const call = (method: string, path: string, more: Partial<Request> = {}): Request => ({
  purpose: 'call',
  target: 'prod',
  method,
  path,
  query: {},
  headers: { Authorization: { $secret: 'lab/login' } },
  ...more,
})

const vm = (id: string, name: string) => ({ kind: 'vm', id, name })
const DATABASE = vm('vm-7', 'erp-db')
const MEMBERS = [DATABASE, vm('vm-8', 'erp-app'), vm('vm-9', 'erp-web'), vm('vm-10', '財務サーバー')]

export const freeze: Hold = {
  path: 'backup/prepare/quiet',
  type: 'lab/Quiesce',
  title: 'Frozen file systems of a guest',
  identity: { vm: 'vm-7' },
  owner: 'backup/prepare',
  release: 'lab/guest.thaw',
  releases: [],
  renews: [],
  keptOnSuccess: false,
  critical: true,
  maxHoldMs: 60_000,
  deadman: 'guest',
  window: {
    during: ['backup/prepare/quiet', 'backup/prepare/snap'],
    atMostMs: 45_000,
    estimate: { lowMs: 4_000, highMs: 9_000, from: { kind: 'runs', count: 12 } },
  },
}

const snapshot: Hold = {
  path: 'backup/prepare/snap',
  type: 'lab/Snapshot',
  title: 'Snapshot of a group',
  identity: { name: 'holdfast-‹run›' },
  owner: 'backup',
  release: 'lab/snapshot.delete',
  releases: [],
  renews: [],
  keptOnSuccess: false,
  critical: false,
  deadman: 'none',
  window: {
    during: ['backup/prepare/snap', 'backup/confirm', 'backup/vms'],
    estimate: { lowMs: 1_500_000, highMs: 4_200_000, from: { kind: 'rate', bytesPerSecond: 104_857_600 } },
  },
}

const session = (key: string): Hold => ({
  path: `backup/vms[${key}]/session`,
  type: 'lab/Session',
  title: "Lease on a VM's disks",
  identity: { vm: key },
  owner: `backup/vms[${key}]`,
  release: 'lab/session.delete',
  releases: [],
  renews: [],
  keptOnSuccess: false,
  critical: false,
  leaseEveryMs: 60_000,
  leaseLifetimeMs: 300_000,
  deadman: 'platform',
  window: {
    during: [`backup/vms[${key}]/session`, `backup/vms[${key}]/copy`],
    atMostMs: 29_400_000,
    estimate: { lowMs: 600_000, highMs: 1_800_000, from: { kind: 'runs', count: 3 } },
    renewals: { low: 9, high: 29 },
  },
})

function member({ id, name }: (typeof MEMBERS)[number]): readonly PlanStep[] {
  const at = `backup/vms[${id}]`
  return [
    step(`${at}/session`, {
      action: 'lab/session.create',
      title: "Lease a VM's disks",
      effect: 'acquire',
      input: { cloud: { $target: 'prod' }, vm: id, snapshot: { obligation: 'backup/prepare/snap' } },
      requests: [call('POST', `/vms/${id}/sessions`, { body: { snapshot: unknown('steps.snap.snapshotId') } })],
      affects: [{ kind: 'vm', id, name }],
      acquires: session(id),
      unwind: [`${at}/session`, 'backup/prepare/snap'],
    }),
    step(`${at}/copy`, {
      action: 'block-transfer/copy',
      title: 'Store the disks of one VM; nothing is visible before the commit',
      effect: 'mutate',
      input: { vault: { $target: 'vault' }, vm: id, name, level: 'incremental', sources: unknown('steps.sources.sources') },
      affects: [{ kind: 'vm', id, name }],
      timeoutMs: 28_800_000,
      duration: { lowMs: 500_000, highMs: 1_500_000, from: { kind: 'rate', bytesPerSecond: 104_857_600 } },
      unwind: [`${at}/session`, 'backup/prepare/snap'],
    }),
  ]
}

const prepare = step('backup/prepare', {
  verb: 'scope',
  timeoutMs: 900_000,
  closes: ['backup/prepare/quiet'],
  steps: [
    step('backup/prepare/quiet', {
      certainty: 'may',
      action: 'lab/guest.quiesce',
      title: 'Freeze the file systems of a guest',
      effect: 'acquire',
      input: { cloud: { $target: 'prod' }, vm: 'vm-7', password: { $secret: 'prod.guestPassword' } },
      requests: [call('POST', '/vms/vm-7/quiesce', { body: { password: { $secret: 'prod.guestPassword' } } })],
      affects: [DATABASE],
      acquires: freeze,
      timeoutMs: 20_000,
      unwind: ['backup/prepare/quiet'],
    }),
    step('backup/prepare/snap', {
      action: 'lab/snapshot.create',
      title: 'Snapshot all VMs of a group at one instant',
      effect: 'acquire',
      input: { cloud: { $target: 'prod' }, group: unknown('inputs.group'), name: 'holdfast-‹run›' },
      requests: [
        call('POST', '/groups/‹inputs.group›/snapshots', { query: { wait: false }, body: { name: 'holdfast-‹run›' } }),
        call('GET', '/tasks/‹task›', { purpose: 'poll' }),
        call('GET', '/groups/‹inputs.group›/snapshots', { purpose: 'readBack' }),
      ],
      affects: MEMBERS,
      acquires: snapshot,
      timeoutMs: 20_000,
      duration: { lowMs: 3_000, highMs: 8_000, from: { kind: 'runs', count: 12 } },
      unwind: ['backup/prepare/quiet', 'backup/prepare/snap'],
    }),
  ],
})

export const sample: Plan = {
  format: 1,
  runbook: 'lab/quiesced-backup',
  version: '2.1.0',
  title: 'Back up a group | with a `frozen` database',
  pins: { runbook: 'f3b5d9a1'.repeat(8), lab: '0c1d2e3f'.repeat(8) },
  basis: { kind: 'read', at: '2026-11-20T03:00:00.000Z' },
  inputs: {
    group: unknown('inputs.group'),
    full: false,
    reason: 'monthly | close',
    guestPassword: { $secret: 'inputs.guestPassword' },
  },
  targets: {
    cloud: { $target: 'prod', connection: 'lab/Connection' },
    vault: { $target: 'vault', connection: 'block-transfer/Vault' },
  },
  steps: [
    step('group', {
      action: 'lab/group.get',
      title: 'Read a group and its members',
      effect: 'read',
      input: { cloud: { $target: 'prod' }, group: unknown('inputs.group') },
      requests: [
        call('GET', '/groups/‹inputs.group›', { query: { expand: 'members', page: 1 } }),
        call('GET', '/groups/‹inputs.group›', { purpose: 'page' }),
      ],
    }),
    step('fit', {
      action: 'core/assert',
      title: 'Stop with a failure unless something holds',
      effect: 'read',
      input: { that: unknown('steps.group.found'), message: 'there is no such group' },
    }),
    step('checks', {
      verb: 'parallel',
      steps: [
        step('checks[space]/left', { action: 'block-transfer/vault.space', title: 'Space left in a vault', effect: 'read' }),
        step('checks[license]/valid', {
          action: 'lab/license.get',
          title: 'Read the licence',
          effect: 'read',
          requests: [call('GET', '/license')],
        }),
      ],
    }),
    step('backup', {
      verb: 'scope',
      timeoutMs: 43_200_000,
      lock: 'group/erp',
      closes: ['backup/prepare/snap'],
      steps: [
        prepare,
        step('backup/confirm', {
          verb: 'approve',
          approval: { prompt: 'Snapshot taken. Copy *now*, in working hours?', by: 'storage-team', timeoutMs: 7_200_000 },
          unwind: ['backup/prepare/snap'],
        }),
        step('backup/vms', {
          verb: 'foreach',
          input: MEMBERS.map(({ id, name }) => ({ id, name })),
          closes: MEMBERS.map(({ id }) => session(id).path),
          steps: MEMBERS.flatMap(member),
        }),
        step('backup/mode', {
          verb: 'switch',
          input: unknown('inputs.retention'),
          steps: [
            step('backup/mode/expire', {
              certainty: 'may',
              case: 'short',
              action: 'block-transfer/point.forget',
              title: 'Forget restore points past their time',
              effect: 'destroy',
              input: { vault: { $target: 'vault' }, keep: 14 },
              affects: [{ kind: 'repository', id: 'vault' }],
              unwind: ['backup/prepare/snap'],
            }),
            step('backup/mode/pause', {
              certainty: 'may',
              case: 'long',
              verb: 'wait',
              input: '10m',
              unwind: ['backup/prepare/snap'],
            }),
          ],
        }),
        step('backup!catch/report', {
          certainty: 'onFailure',
          action: 'lab/note.post',
          title: 'Leave a note on the group',
          effect: 'mutate',
          input: { text: unknown('error.message') },
          requests: [call('POST', '/groups/‹inputs.group›/notes', { body: { text: unknown('error.message') } })],
          affects: [{ kind: 'group', id: unknown('inputs.group') }],
        }),
      ],
    }),
    step('tidy', {
      verb: 'runbook',
      runbook: 'lab/clean-up@1.0.0',
      steps: [
        step('tidy/old', {
          certainty: 'each',
          action: 'lab/snapshot.list',
          title: 'List snapshots that are left over',
          effect: 'read',
          requests: [call('GET', '/snapshots', { query: { prefix: 'holdfast-' } })],
        }),
      ],
    }),
  ],
  closes: [],
  holds: [freeze, snapshot, ...MEMBERS.map(({ id }) => session(id))],
  locks: ['group/erp'],
  reads: [
    { path: 'group', action: 'lab/group.get', input: { group: 'erp' }, result: { kind: 'output', output: { found: true } } },
    {
      path: 'checks[license]/valid',
      action: 'lab/license.get',
      input: {},
      result: { kind: 'failure', type: 'notPermitted', message: 'no right to read <licence>' },
    },
  ],
  totals: {
    longestFreeze: {
      path: freeze.path,
      atMostMs: 45_000,
      estimate: { lowMs: 4_000, highMs: 9_000, from: { kind: 'runs', count: 12 } },
    },
    longestHold: {
      path: snapshot.path,
      estimate: { lowMs: 1_500_000, highMs: 4_200_000, from: { kind: 'rate', bytesPerSecond: 104_857_600 } },
    },
    bytes: 157_840_048_128,
    duration: { lowMs: 1_600_000, highMs: 4_500_000, from: { kind: 'runs', count: 12 } },
    calls: { prod: { reads: 5, changes: 11, more: true }, vault: { reads: 1, changes: 5, more: false } },
    affects: [...MEMBERS, { kind: 'group', id: 'erp' }, { kind: 'storage', id: 'vs-1' }, { kind: 'repository', id: 'vault' }],
    approvals: ['backup/confirm'],
    points: MEMBERS.map(({ name }, index) => ({
      path: `backup/vms[${name}]/commit`,
      vm: name,
      level: 'incremental',
      consistency: index === 0 ? 'filesystem' : unknown('steps.quality.consistency'),
      previous: index === 3 ? null : '2026-11-18T22:00:00.000Z',
    })),
  },
  complete: true,
}
