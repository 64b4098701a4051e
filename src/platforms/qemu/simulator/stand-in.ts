// QEMUs of one host for rehearsals: their monitors on sockets of this machine, their own state the judge.
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StandIn } from '../../platform.ts'
import { VM_NAMES } from '../../simulation/index.ts'
import { baseOf, createMachine, type SimulatedMachine, writeAsGuest } from './machine.ts'
import { createWatch, type MonitorFault, startMonitor } from './monitor.ts'

const MIB = 2 ** 20

const QUESTION: readonly MonitorFault['does'][] = ['fails', 'breaksBefore', 'breaksAfter']

/** How each command can fail. A monitor that is silent holds time up for ever: that is for tests on a true clock. */
const FAULTS: Readonly<Record<string, readonly MonitorFault['does'][]>> = {
  'query-block': QUESTION,
  'query-status': QUESTION,
  'query-jobs': QUESTION,
  'query-block-exports': QUESTION,
  stop: QUESTION,
  cont: QUESTION,
  transaction: QUESTION,
  'blockdev-create': QUESTION,
  'blockdev-add': QUESTION,
  'blockdev-del': QUESTION,
  'job-dismiss': QUESTION,
  'qom-set': [...QUESTION, 'scratchFull'],
  'block-dirty-bitmap-remove': QUESTION,
  'nbd-server-start': QUESTION,
  'nbd-server-stop': QUESTION,
  'block-export-add': QUESTION,
  'block-export-del': QUESTION,
}

const MACHINES = [
  { name: VM_NAMES[0], uuid: '3f0b6f1e-6a52-4f0e-9c39-2b8c6c6d5a11', sizesBytes: [2 * MIB, MIB] },
  { name: VM_NAMES[1], uuid: '7a1c2d4e-0b9f-4c55-8d21-6e5f4a3b2c10', sizesBytes: [MIB] },
] as const

export async function startStandIn(): Promise<StandIn> {
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'hf-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const watch = createWatch()
  const machines: SimulatedMachine[] = []
  for (const { sizesBytes, ...called } of MACHINES) {
    const machine = createMachine(called, sizesBytes)
    for (let count = 0; count < 6; count += 1) writeAsGuest(machine)
    await mkdir(join(folder, machine.name))
    opened.use(await startMonitor(machine, join(folder, machine.name, 'qmp.sock'), watch))
    machines.push(machine)
  }
  const [first, ...others] = MACHINES
  // Runbooks that give no name work on the first one.
  await symlink(first.name, join(folder, '{vm}'))
  const running = opened.move()
  return {
    connection: 'qemu/Hypervisor',
    settings: { monitor: join(folder, '{vm}', 'qmp.sock'), scratchDirectory: join(folder, '{vm}') },
    known: {
      vmId: first.uuid,
      vms: [first, ...others].map(({ name }) => name),
      vmIds: [first, ...others].map(({ uuid }) => uuid),
      directory: join(folder, 'restored'),
      name: 'rehearsed',
    },
    asked: () => ({ ...watch.asked }),
    faultsOf: (operation) => FAULTS[operation] ?? [],
    strike: (operation, does, skip) => watch.faults.add({ operation, does: does as MonitorFault['does'], skip }),
    heal: () => {
      for (const machine of machines) machine.scratchFull = false
      watch.faults.clear()
    },
    leaks: async () =>
      (
        await Promise.all(
          machines.map(async (machine) => {
            const files = await readdir(join(folder, machine.name))
            const left = [...leaksOf(machine), ...files.filter((file) => file.startsWith('h') && !file.endsWith('.sock'))]
            return left.map((line) => `${machine.name}: ${line}`)
          }),
        )
      ).flat(),
    made: () => [],
    disksOf: (vm) =>
      machines
        .filter(({ uuid }) => uuid === vm)
        .flatMap((machine) => [...machine.drives.values()].flatMap(({ connected }) => baseOf(machine, connected)?.content ?? [])),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** What of a backup is left inside QEMU. One checkpoint is there by right: the base of the next incremental. */
function leaksOf(machine: SimulatedMachine): readonly string[] {
  const checkpoints = new Set([...machine.nodes.values()].flatMap(({ bitmaps }) => [...bitmaps.keys()]))
  return [
    ...(machine.aborted === undefined ? [] : [machine.aborted]),
    ...(machine.status === 'running' ? [] : ['the VM stands still']),
    ...[...machine.nodes.keys()].filter((name) => !machine.drives.has(name)).map((name) => `node ${name}`),
    ...[...machine.drives.entries()].flatMap(([disk, { connected }]) =>
      connected === disk ? [] : [`${disk} is behind ${connected}`],
    ),
    ...[...machine.jobs.keys()].map((id) => `job ${id}`),
    ...[...machine.exports.keys()].map((id) => `export ${id}`),
    ...(machine.serving ? ['the NBD server'] : []),
    ...[...checkpoints].slice(1).map((name) => `bitmap ${name}`),
  ]
}
