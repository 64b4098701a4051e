// The simulator for rehearsals: one small VM, no port for its API, time that the rehearsal moves.
import { readdir } from 'node:fs/promises'
import { Secret } from '../../../values/index.ts'
import type { StandIn, StandInOptions } from '../../platform.ts'
import { movedTime, tallyOf } from '../../simulation/index.ts'
import { FAULT_KINDS, type FaultKind } from './faults.ts'
import { PRE_FREEZE } from './guest.ts'
import { startVsphereSimulator } from './start.ts'

const MIB = 2 ** 20

/** Those that strike inside the platform; what breaks on the wire is the rehearsal's own. */
const INSIDE: readonly FaultKind[] = ['fault', 'failTask', 'stickTask']

/** What rehearsals give wherever a run needs a secret. */
const REHEARSED = new Secret('rehearsed')

export async function startStandIn({ seed, startAtMs }: StandInOptions): Promise<StandIn> {
  const vsphere = await startVsphereSimulator({ seed, rate: 0, startAt: startAtMs, listens: false, guestPassword: REHEARSED })
  const vm = vsphere.addVm({ name: 'erp-db', sizesBytes: [2 * MIB, MIB], tracked: true })
  vsphere.write(vm.id, 6)
  // Long enough for an engine to die, and the next one to thaw, while it still runs.
  vm.guest.programs.set(PRE_FREEZE, { exitCode: 0, durationMs: 45_000, does: 'freeze' })
  const there = namesIn(vsphere.state())
  const vms = () => vsphere.state().vms as unknown as readonly { readonly id: string }[]
  return {
    connection: 'vmware-vsphere/Connection',
    settings: vsphere.settings,
    known: { vm: 'DC0/vm/erp-db', name: 'rehearsed', guestUser: vsphere.guestUser },
    api: { operationOf: vsphere.operationOf, answer: vsphere.answer },
    time: movedTime(vsphere.clock),
    asked: tallyOf(vsphere.calls),
    faultsOf: (operation) => (/^(get|find|retrieve|list|log)/.test(operation) ? [] : INSIDE),
    strike: (operation, fault, skip) => {
      const does = FAULT_KINDS.find((kind) => kind === fault)
      if (does) vsphere.faults.add({ operation, does, skip })
    },
    heal: () => vsphere.faults.clear(),
    leaks: async () => [
      ...vsphere.leaks(),
      ...vsphere.violations,
      ...(await readdir(vsphere.imageFolder)).map((name) => `image ${name}`),
    ],
    made: () => namesIn(vsphere.state()).filter((name) => !there.includes(name)),
    disksOf: (id) => (vms().some((each) => each.id === id) ? vsphere.disks(id) : []),
    [Symbol.asyncDispose]: () => vsphere[Symbol.asyncDispose](),
  }
}

interface Named {
  readonly name: string
}

const namesIn = ({ vms, snapshots }: Readonly<Record<string, unknown>>): string[] => [
  ...(vms as readonly Named[]).map(({ name }) => `VM ${name}`),
  ...(snapshots as readonly Named[]).map(({ name }) => `snapshot ${name}`),
]
