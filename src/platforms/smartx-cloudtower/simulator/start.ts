// Starts a simulated platform and gives tests and demos what no API shows: the bytes on the volumes, leaks, faults, time.
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { type Json, Secret } from '../../../values/index.ts'
import {
  answerTo,
  beginSimulation,
  guestWrites,
  HOST,
  openApi,
  openapiSliceOf,
  type PlatformClock,
  portBeside,
  type SimulatedPlatform,
  type SimulationOptions,
  type SparseDisk,
  type SparseView,
} from '../../simulation/index.ts'
import { createAnswering } from './answering.ts'
import { startZadp } from './exports.ts'
import type { Fault } from './faults.ts'
import type { Behaviour, Vm, World } from './model.ts'
import { type CallRecord, createServer } from './server.ts'
import { remove } from './snapshots.ts'
import { describeState, leaksOf } from './state.ts'
import { type VmSpec, vmFrom } from './vms.ts'

export type TowerOptions = SimulationOptions<Behaviour, Fault>

export interface TowerSimulator extends SimulatedPlatform<Behaviour, Fault, CallRecord> {
  /** Settings of a target that logs in with name and password. */
  readonly settings: Readonly<Record<string, Json | Secret>>
  /** The same with an API key instead. */
  readonly keySettings: Readonly<Record<string, Json | Secret>>
  readonly clusterId: string
  addVm(spec: VmSpec): Vm
  /** The VM as it is; may be changed. Throws where there is none. */
  vm(id: string): Vm
  /** What is on a VM's disks now, in their order; what is written to them, its guest wrote. */
  disks(vmId: string): readonly SparseDisk[]
  /** So many writes to places that follow from the seed, spread over the disks. */
  write(vmId: string, count: number): void
  /** What a snapshot holds, or held: the last deleted ones are kept for comparing. */
  snapshotDisks(snapshotId: string): readonly SparseView[]
  /** Deletes a snapshot behind everybody's back. */
  loseSnapshot(snapshotId: string): void
  forgetTokens(): void
}

const USUAL: Behaviour = {
  taskWaitMs: 200,
  taskRunMs: 1000,
  settleMs: 800,
  lunLagMs: 1500,
  locks: true,
  failedLeavesPlaceholder: true,
  full: false,
  vmTakesVolumes: true,
}

const PACK = fileURLToPath(new URL('../../../../runbooks/smartx-cloudtower', import.meta.url))

export async function startTowerSimulator(options: TowerOptions = {}): Promise<TowerSimulator> {
  await using parts = new AsyncDisposableStack()
  const { seed, clock, behaviour, faults } = beginSimulation(options, USUAL)
  parts.use(clock)
  const world = createWorld(seed, clock, behaviour)
  const credentials = {
    username: 'backup',
    password: new Secret(hash(`${seed}/password`).slice(0, 24)),
    apiKey: new Secret(hash(`${seed}/key`).slice(0, 32)),
  }
  const calls: CallRecord[] = []
  const answering = createAnswering(world, await openapiSliceOf(PACK), credentials)
  const app = createServer({ world, answering, faults, calls })
  const zadp = parts.use(await startZadp(world, HOST, portBeside(options)))
  parts.defer(() => app.close())
  const url = await openApi(app, options)
  const shared = { url, zadp: { host: HOST, port: zadp.port } }
  const running = parts.move()
  const write = guestWrites(seed)
  const simulator: TowerSimulator = {
    url,
    settings: { ...shared, username: credentials.username, password: credentials.password },
    keySettings: { ...shared, apiKey: credentials.apiKey },
    answer: (request) => answerTo(app, request),
    operationOf: ({ path }) => answering.operations.find((each) => each.path === path.split('?')[0])?.operationId,
    clock,
    faults,
    behaviour: world.behaviour,
    clusterId: world.clusterId,
    calls,
    violations: answering.violations,
    addVm: (spec) => vmFrom(world, spec),
    vm: (id) => {
      const vm = world.vms.get(id)
      if (!vm) throw new Error(`there is no VM ${id}`)
      return vm
    },
    disks: (vmId) => simulator.vm(vmId).disks.flatMap(({ volumeId }) => world.volumes.get(volumeId)?.content ?? []),
    write: (vmId, count) => write(simulator.disks(vmId), count),
    snapshotDisks: (snapshotId) => {
      const snapshot = world.snapshots.get(snapshotId) ?? world.deletedSnapshots.find(({ id }) => id === snapshotId)
      return (snapshot?.disks ?? []).map(({ frozen }) => frozen)
    },
    loseSnapshot: (snapshotId) => remove(world, snapshotId),
    forgetTokens: answering.forgetTokens,
    state: () => describeState(world),
    leaks: () => leaksOf(world),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
  return simulator
}

function createWorld(seed: string, clock: PlatformClock, behaviour: Behaviour): World {
  let ids = 0
  // In the form of CloudTower's ids.
  const newId = () => `ck${hash(`${seed}/${ids++}`).slice(0, 23)}`
  return {
    clock,
    behaviour,
    clusterId: newId(),
    newId,
    vms: new Map(),
    volumes: new Map(),
    snapshots: new Map(),
    deletedSnapshots: [],
    vlans: [{ id: newId(), localId: newId(), name: 'vlan-10', vlanId: 10 }],
    tasks: new Map(),
    taskFaults: [],
  }
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
