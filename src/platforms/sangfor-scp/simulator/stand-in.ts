// The simulator for rehearsals: two small VMs in one consistency group and a backup proxy, no port for its API, time that the rehearsal moves.
import type { StandIn, StandInOptions } from '../../platform.ts'
import { movedTime, tallyOf } from '../../simulation/index.ts'
import type { Fault } from './faults.ts'
import { type ScpSimulator, startScpSimulator } from './start.ts'

const MIB = 2 ** 20

/** Those that strike inside the platform; what breaks on the wire is the rehearsal's own. */
const INSIDE: Readonly<Record<string, Omit<Fault, 'operation' | 'skip'>>> = {
  expireLease: { does: 'expireLease' },
  expireTracking: { does: 'expireTracking' },
  proxyOff: { does: 'proxyOff' },
  failTask: { does: 'failTask' },
  stickTask: { does: 'stickTask' },
  appearLate: { does: 'appearLate' },
  overQuota: { does: 'status', status: 507 },
}
/** Those that any call can meet; the others strike what changes something. */
const ANYWHERE = ['expireLease', 'expireTracking', 'proxyOff']

export async function startStandIn({ seed, startAtMs }: StandInOptions): Promise<StandIn> {
  const scp = await startScpSimulator({ seed, rate: 0, startAt: startAtMs, listens: false })
  // The first one has files of its own.
  const vms = ['erp-db', 'erp-app'].map((name, index) =>
    scp.addVm({
      name,
      disks: [{ sizeBytes: 4 * MIB }, { sizeBytes: 2 * MIB }],
      traits: { customBios: index === 0, tpm: index === 0 },
    }),
  )
  for (const { guest } of vms) guest.write(6)
  scp.addVm({ name: 'proxy-1', disks: [{ sizeBytes: MIB }], osName: 'Backup Proxy', status: 'stopped' })
  return standInOf(
    scp,
    scp.addGroup(
      'erp',
      vms.map(({ id }) => id),
    ),
    vms.map(({ id }) => id),
  )
}

/** Any simulator without a port whose time stands still, as it is now. */
export function standInOf(scp: ScpSimulator, groupId: string, serverIds: readonly string[]): StandIn {
  const vms = () => scp.state().vms as { id: string; name: string }[]
  const before = vms().map(({ id }) => id)
  const vmLines = (): readonly string[] =>
    vms()
      .filter(({ id }) => !before.includes(id))
      .map(({ name }) => `VM ${name}`)
  return {
    connection: 'sangfor-scp/Connection',
    // Streams within this process stand for the wire: TLS on them would prove nothing.
    settings: { ...scp.settings, transport: 'nbd' },
    known: { groupId, serverId: serverIds[0] ?? '', serverIds, name: 'rehearsed' },
    api: { operationOf: scp.operationOf, answer: scp.answer },
    time: movedTime(scp.clock),
    asked: tallyOf(scp.calls),
    faultsOf: (operation) => (/^(get|list|query|find|summarize)/i.test(operation) ? ANYWHERE : Object.keys(INSIDE)),
    strike: (operation, fault, skip) => {
      const known = INSIDE[fault]
      if (known) scp.faults.add({ ...known, operation, skip })
    },
    heal: () => scp.faults.clear(),
    // A task under way is nobody's to let go: it ends by itself, and what it makes then is listed.
    leaks: async () => [...scp.leaks().filter((line) => !line.startsWith('task ')), ...scp.violations],
    made: vmLines,
    disksOf: (vm) => scp.disks(vm),
    [Symbol.asyncDispose]: () => scp[Symbol.asyncDispose](),
  }
}
