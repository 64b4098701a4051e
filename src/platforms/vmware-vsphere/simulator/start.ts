// Starts a simulated server and gives tests and demos what no API shows: the bytes on the disks, leaks, faults, time.
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { HttpRequest } from '../../../http/index.ts'
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
import { startDownloads } from './downloads.ts'
import { startExports } from './exports.ts'
import type { Fault } from './faults.ts'
import { GUEST_USER } from './guest.ts'
import { end as endLease } from './leases.ts'
import { type Behaviour, type Vm, vmOf, type World } from './model.ts'
import { type CallRecord, createServer } from './server.ts'
import { takeSnapshot } from './snapshots.ts'
import { readCall } from './soap.ts'
import { describeState, leaksOf } from './state.ts'
import { resetTracking } from './tracking.ts'
import { type VmSpec, vmFrom } from './vms.ts'

export interface VsphereOptions extends SimulationOptions<Behaviour, Fault> {
  /** Of the account in guests; follows from the seed unless given. */
  readonly guestPassword?: Secret
}

export interface VsphereSimulator extends SimulatedPlatform<Behaviour, Fault, CallRecord> {
  /** Settings of a target that speaks VI JSON; with `binding: soap` they serve as well. */
  readonly settings: Readonly<Record<string, Json | Secret>>
  /** Where images are exported to; gone with the simulator. */
  readonly imageFolder: string
  readonly guestUser: string
  readonly guestPassword: Secret
  readonly openSessions: number
  addVm(spec: VmSpec): Vm
  /** The VM as it is; may be changed. Throws where there is none. */
  vm(id: string): Vm
  /** What is on a VM's disks now, in their order; what is written to them, its guest wrote. */
  disks(vmId: string): readonly SparseDisk[]
  /** So many writes to places that follow from the seed, spread over the disks. */
  write(vmId: string, count: number): void
  /** What a snapshot holds, or held: the last removed ones are kept for comparing. */
  snapshotDisks(name: string): readonly SparseView[]
  /** Begins tracking anew, as the power failure of a host may. */
  resetTracking(vmId: string): void
  /** Takes a snapshot behind everybody's back. */
  takeSnapshot(vmId: string, name: string): Promise<void>
  /** Ends all exports, as the failure of a host would. */
  loseLeases(): void
  /** Of the sessions that are open. */
  sessionTokens(): readonly string[]
  /** Deletes a VM behind everybody's back. */
  loseVm(vmId: string): void
  /** Before a call of that operation is looked at; until the next one for the operation. */
  onCall(operation: string, does: () => Promise<void>): void
  forgetSessions(): void
}

const USUAL: Behaviour = {
  taskWaitMs: 200,
  taskRunMs: 1500,
  areasAnswerBytes: 2 ** 40,
  sessionIdleMs: 30 * 60_000,
  leavesDeltas: false,
  full: false,
  maxSnapshotLevels: 32,
  leaseReadyMs: 1000,
  refusesImports: false,
  allocatedKnown: true,
}

const PACK = fileURLToPath(new URL('../../../../runbooks/vmware-vsphere', import.meta.url))

export async function startVsphereSimulator(options: VsphereOptions = {}): Promise<VsphereSimulator> {
  await using parts = new AsyncDisposableStack()
  const { seed, clock, behaviour, faults } = beginSimulation(options, USUAL)
  parts.use(clock)
  const downloads = parts.use(await startDownloads(() => world, HOST))
  // The server itself, which a client knows the name of; without a port of its own there is none.
  const nfcUrl = `http://${options.listens === false ? HOST : '*'}:${downloads.port}`
  const world = createWorld(seed, clock, behaviour, nfcUrl)
  const imageFolder = await mkdtemp(join(tmpdir(), 'vsphere-images-'))
  parts.defer(() => rm(imageFolder, { recursive: true, force: true }))
  const credentials = {
    username: 'backup@vsphere.local',
    password: new Secret(hash(`${seed}/password`).slice(0, 24)),
    guestPassword: options.guestPassword ?? new Secret(hash(`${seed}/guest`).slice(0, 24)),
  }
  const calls: CallRecord[] = []
  const answering = createAnswering(world, await openapiSliceOf(PACK), credentials)
  const hooks = new Map<string, () => Promise<void>>()
  const app = createServer({ world, answering, faults, calls, hooks })
  const exports = parts.use(await startExports(world, HOST, portBeside(options)))
  parts.defer(() => app.close())
  const url = await openApi(app, options)
  const running = parts.move()
  const write = guestWrites(seed)
  const simulator: VsphereSimulator = {
    url,
    settings: {
      url,
      username: credentials.username,
      password: credentials.password,
      imageFolder,
      transport: 'nbd',
      nbd: { host: HOST, port: exports.port },
    },
    imageFolder,
    guestUser: GUEST_USER,
    guestPassword: credentials.guestPassword,
    answer: (request) => answerTo(app, request),
    operationOf: (request) => operationOf(request, answering.operations)?.operationId,
    clock,
    faults,
    behaviour: world.behaviour,
    calls,
    violations: answering.violations,
    get openSessions() {
      return answering.openSessions
    },
    addVm: (spec) => vmFrom(world, spec),
    vm: (id) => vmOf(world, id),
    disks: (vmId) => vmOf(world, vmId).disks.map(({ content }) => content),
    write: (vmId, count) => write(simulator.disks(vmId), count),
    snapshotDisks: (name) => {
      const all = [...world.snapshots.values(), ...world.removedSnapshots]
      const found = all.find((snapshot) => snapshot.name === name)
      return [...(found?.disks.values() ?? [])].map(({ frozen }) => frozen)
    },
    resetTracking: (vmId) => resetTracking(world, vmOf(world, vmId)),
    takeSnapshot: (vmId, name) => {
      takeSnapshot(world, vmOf(world, vmId), { name, description: '' })
      return new Promise(
        (resolve) => void clock.at(clock.now() + world.behaviour.taskWaitMs + world.behaviour.taskRunMs + 1, resolve),
      )
    },
    loseLeases: () => {
      for (const lease of world.leases.values()) endLease(world, lease, 'error')
    },
    sessionTokens: answering.sessionTokens,
    loseVm: (vmId) => void world.vms.delete(vmId),
    onCall: (operation, does) => void hooks.set(operation, does),
    forgetSessions: answering.forgetSessions,
    state: () => describeState(world),
    leaks: () => leaksOf(world),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
  return simulator
}

function operationOf({ method, path, body }: HttpRequest, operations: Parameters<typeof readCall>[1]) {
  if (path === '/sdk') return readCall(body ?? '', operations)?.operation
  const [asked = ''] = path.split('?')
  return operations.find(
    (each) => each.method === method && new RegExp(`^${each.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(asked),
  )
}

function createWorld(seed: string, clock: PlatformClock, behaviour: Behaviour, nfcUrl: string): World {
  let numbers = 20
  let uuids = 0
  return {
    clock,
    behaviour,
    newNumber: () => numbers++,
    newUuid: () => hash(`${seed}/${uuids++}`).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5'),
    vms: new Map(),
    snapshots: new Map(),
    removedSnapshots: [],
    tasks: new Map(),
    leases: new Map(),
    nfcUrl,
    taskFaults: [],
  }
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
