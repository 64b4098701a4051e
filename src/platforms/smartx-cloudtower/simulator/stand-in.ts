// The simulator for rehearsals: one small VM, no port for its API, time that the rehearsal moves.
import type { StandIn, StandInOptions } from '../../platform.ts'
import { movedTime, tallyOf } from '../../simulation/index.ts'
import { FAULT_KINDS, type FaultKind } from './faults.ts'
import { startTowerSimulator } from './start.ts'

const MIB = 2 ** 20

/** Those that strike inside the platform; what breaks on the wire is the rehearsal's own. */
const INSIDE: readonly FaultKind[] = ['failTask', 'stickTask', 'pauseTask']

export async function startStandIn({ seed, startAtMs }: StandInOptions): Promise<StandIn> {
  const tower = await startTowerSimulator({ seed, rate: 0, startAt: startAtMs, listens: false })
  const vm = tower.addVm({ name: 'erp-db', sizesBytes: [2 * MIB, MIB] })
  tower.write(vm.id, 6)
  const there = namesIn(tower.state())
  const vms = () => tower.state().vms as unknown as readonly { readonly id: string }[]
  return {
    connection: 'smartx-cloudtower/Connection',
    settings: tower.settings,
    known: { where: { name: vm.name }, vmId: vm.id, name: 'rehearsed' },
    api: { operationOf: tower.operationOf, answer: tower.answer },
    time: movedTime(tower.clock),
    asked: tallyOf(tower.calls),
    faultsOf: (operation) => (/^(get|login)/.test(operation) ? [] : INSIDE),
    strike: (operation, fault, skip) => {
      const does = FAULT_KINDS.find((kind) => kind === fault)
      if (does) tower.faults.add({ operation, does, skip })
    },
    heal: () => tower.faults.clear(),
    leaks: async () => [...tower.leaks(), ...tower.violations],
    // The snapshot that a backup before the rehearsed run kept is there by right.
    made: () => namesIn(tower.state()).filter((name) => !there.includes(name) && !name.startsWith('snapshot holdfast-before-')),
    disksOf: (id) => (vms().some((each) => each.id === id) ? tower.disks(id) : []),
    [Symbol.asyncDispose]: () => tower[Symbol.asyncDispose](),
  }
}

interface Named {
  readonly name: string
}

const namesIn = ({ vms, snapshots, volumes }: Readonly<Record<string, unknown>>): string[] => [
  ...(vms as readonly Named[]).map(({ name }) => `VM ${name}`),
  ...(snapshots as readonly Named[]).map(({ name }) => `snapshot ${name}`),
  ...(volumes as readonly Named[]).map(({ name }) => `volume ${name}`),
]
