// A QEMU for rehearsals: its monitor on a socket of this machine, its own state the judge.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StandIn } from '../../platform.ts'
import { baseOf, createMachine, type SimulatedMachine, writeAsGuest } from './machine.ts'
import { type MonitorFault, startMonitor } from './monitor.ts'

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

export async function startStandIn(): Promise<StandIn> {
  const folder = await mkdtemp(join(tmpdir(), 'hf-'))
  const machine = createMachine([2 * MIB, MIB])
  for (let count = 0; count < 6; count += 1) writeAsGuest(machine)
  const path = join(folder, 'qmp.sock')
  const monitor = await startMonitor(machine, path)
  return {
    connection: 'qemu/Hypervisor',
    settings: { monitor: path, scratchDirectory: folder },
    known: { vmId: machine.uuid, directory: join(folder, 'restored'), name: 'rehearsed' },
    asked: monitor.asked,
    faultsOf: (operation) => FAULTS[operation] ?? [],
    strike: (operation, does, skip) => monitor.faults.add({ operation, does: does as MonitorFault['does'], skip }),
    heal: () => {
      machine.scratchFull = false
      monitor.faults.clear()
    },
    leaks: async () => [
      ...leaksOf(machine),
      ...(await filesIn(folder)).filter((file) => file.startsWith('h') && !file.endsWith('.sock')),
    ],
    made: () => [],
    disksOf: (vm) =>
      vm === machine.uuid
        ? [...machine.drives.values()].flatMap(({ connected }) => baseOf(machine, connected)?.content ?? [])
        : [],
    [Symbol.asyncDispose]: async () => {
      await monitor[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
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

const filesIn = (folder: string): Promise<readonly string[]> => readdir(folder)
