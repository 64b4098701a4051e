// Starts a simulated platform and gives tests and demos what no API shows: the bytes on the disks, leases, leaks, faults, time.
import { createHash, randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generate } from 'selfsigned'
import { type Json, Secret } from '../../../values/index.ts'
import {
  answerTo,
  beginSimulation,
  HOST,
  openApi,
  openapiSliceOf,
  type PlatformClock,
  portBeside,
  type SimulatedPlatform,
  type SimulationOptions,
} from '../../simulation/index.ts'
import { type Credentials, createAccess } from './access.ts'
import { addAdminRoutes } from './admin.ts'
import { createAnswering } from './answering.ts'
import type { Disk, DiskView } from './disk.ts'
import { startTransferService } from './exports.ts'
import type { Fault } from './faults.ts'
import { createGuest, type Guest } from './guest.ts'
import { createGuestDevices, type GuestDevices } from './guest-devices.ts'
import { endLease, leasesOn } from './leases.ts'
import type { Behaviour, OwnFile, Storage, Vm, World } from './model.ts'
import { losePower } from './power.ts'
import { type CallRecord, createServer, operationOf } from './server.ts'
import { frozenDisk } from './snapshots.ts'
import { describeState, leaksOf } from './state.ts'
import { addDisk, addVm, type VmSpec } from './vm-spec.ts'
import { vmOf } from './vms.ts'

export interface ScpSimulatorOptions extends SimulationOptions<Behaviour, Fault> {
  /** HTTPS with a self-signed certificate, as the real platform has it. */
  readonly https?: boolean
  readonly credentials?: Partial<Credentials>
}

export interface SimulatedVm {
  readonly id: string
  readonly guest: Guest
}

export interface ScpSimulator extends SimulatedPlatform<Behaviour, Fault, CallRecord> {
  /** Settings of a target that reaches it by access key. */
  readonly settings: Readonly<Record<string, Json | Secret>>
  /** The same with name and password instead. */
  readonly tokenSettings: Readonly<Record<string, Json | Secret>>
  readonly azId: string
  /** Reached by all hosts unless said otherwise. */
  addStorage(storage: {
    readonly id: string
    readonly type: string
    readonly name?: string
    readonly hostIds?: readonly string[]
  }): void
  addVm(spec: VmSpec): SimulatedVm
  /** Answers the id of the new disk. */
  addDisk(serverId: string, sizeBytes: number): string
  /** Somebody takes a disk away from a VM. */
  removeDisk(serverId: string, diskId: string): void
  /** A group that exists already. Answers its id. */
  addGroup(name: string, serverIds: readonly string[]): string
  /** A VM's disk as it is now; what is written to it, its guest wrote. */
  disk(serverId: string, diskId: string): Disk
  /** All disks of a VM; none where there is no such VM. */
  disks(serverId: string): readonly Disk[]
  /** A file of a VM's own as it is now. */
  ownFile(serverId: string, file: OwnFile): Buffer | undefined
  /** The guest, or somebody, changes it. */
  setOwnFile(serverId: string, file: OwnFile, content: Buffer): void
  /** Content of a VM's disk as a snapshot holds it, or held it: the last deleted ones are kept for comparing. */
  snapshotDisk(snapshotId: string, serverId: string, diskId: string): DiskView | undefined
  /** The platform's own backup takes precedence and ends the leases on a VM. */
  startOwnBackup(serverId: string): void
  /** The VM was taken back to a snapshot behind everybody's back: its checkpoints say nothing any more. */
  recover(serverId: string): void
  setQuiesces(serverId: string, quiesces: boolean): void
  /** Somebody cuts the power of a VM behind everybody's back. */
  powerOff(serverId: string): void
  /** Ends every token, as a restart of the platform would. */
  forgetTokens(): void
}

const USUAL: Behaviour = {
  taskWaitMs: 200,
  taskRunMs: 1000,
  visibleAfterMs: 500,
  endedLeaseMs: 60_000,
  bitmapPageBytes: 64 * 2 ** 30,
  pageSize: 100,
  tokenLifetimeMs: 24 * 3_600_000,
  maxSkewMs: Number.POSITIVE_INFINITY,
  getPerMinute: Number.POSITIVE_INFINITY,
  otherPerMinute: Number.POSITIVE_INFINITY,
  leasesPerHost: 16,
  maxDisks: 15,
  toolsAfterMs: 3000,
  repeatedToken: 'firstAnswer',
  groupSnapshotInUse: 'cutReaders',
  strictLeases: false,
  transports: ['nbd', 'nbd_ssl'],
}

const PACK = fileURLToPath(new URL('../../../../runbooks/sangfor-scp', import.meta.url))

export async function startScpSimulator(options: ScpSimulatorOptions = {}): Promise<ScpSimulator> {
  await using parts = new AsyncDisposableStack()
  const { seed, clock, behaviour, faults } = beginSimulation(options, USUAL)
  parts.use(clock)
  const pem = await certificate()
  const devices = parts.use(createGuestDevices())
  const world = createWorld(seed, clock, behaviour, derOf(pem.cert), devices)
  parts.defer(() => rm(world.nfsFolder, { recursive: true, force: true }))
  const credentials: Credentials = {
    accessKey: 'holdfast-demo',
    secretKey: new Secret(idFrom(`${seed}/secret-key`)),
    username: 'bkp-svc',
    password: new Secret(idFrom(`${seed}/password`)),
    ...options.credentials,
  }
  const access = createAccess(world, credentials)
  const [calls, violations]: [CallRecord[], string[]] = [[], []]
  const answering = createAnswering({ world, openapi: await openapiSliceOf(PACK), access, violations })
  const app = createServer({ world, answering, faults, calls }, options.https ? { key: pem.private, cert: pem.cert } : undefined)
  const guests = new Map<string, Guest>()
  addAdminRoutes(app, { world, faults, calls, violations, guests })
  const ports = [portBeside(options), portBeside(options, 2)] as const
  const tls = { certificate: pem.cert, key: new Secret(pem.private) }
  const transfer = parts.use(await startTransferService(world, HOST, ports, tls))
  parts.defer(() => app.close())
  const url = await openApi(app, options)

  const shared = {
    url,
    nbd: { host: HOST, port: transfer.plainPort, tlsPort: transfer.tlsPort },
    hotAdd: { device: devices.template },
    nfs: { directory: world.nfsFolder, address: HOST, exportPath: world.nfsFolder },
    ...(options.https ? { caCertificate: pem.cert } : {}),
  }
  const running = parts.move()
  const diskOf = (vm: Vm, diskId: string) => {
    const found = vm.disks.find(({ id }) => id === diskId)
    if (!found) throw new Error(`${vm.name} has no disk ${diskId}`)
    return found.disk
  }
  return {
    url,
    settings: { ...shared, accessKey: credentials.accessKey, secretKey: credentials.secretKey },
    tokenSettings: { ...shared, username: credentials.username, password: credentials.password },
    answer: (request) => answerTo(app, request),
    operationOf: (request) => operationOf(answering.operations, request),
    clock,
    faults,
    behaviour: world.behaviour,
    azId: world.azId,
    calls,
    violations,
    addStorage: ({ id, type, name = id, hostIds }) =>
      void world.storages.set(id, { ...storageOf(world, id, name, type), ...(hostIds ? { hostIds } : {}) }),
    addVm: (spec) => {
      const { vm, formatted } = addVm(world, spec)
      const guest = createGuest(vm, formatted, seed)
      guests.set(vm.id, guest)
      return { id: vm.id, guest }
    },
    addDisk: (serverId, sizeBytes) => addDisk(vmOf(world, serverId), sizeBytes),
    removeDisk: (serverId, diskId) => {
      const { disks } = vmOf(world, serverId)
      disks.splice(
        disks.findIndex(({ id }) => id === diskId),
        1,
      )
    },
    addGroup: (name, serverIds) => {
      const id = world.newId()
      world.groups.set(id, { id, name, description: '', serverIds: [...serverIds], visibleAt: clock.now() })
      return id
    },
    disk: (serverId, diskId) => diskOf(vmOf(world, serverId), diskId),
    disks: (serverId) => world.vms.get(serverId)?.disks.map(({ disk }) => disk) ?? [],
    ownFile: (serverId, file) => vmOf(world, serverId).files.get(file),
    setOwnFile: (serverId, file, content) => void vmOf(world, serverId).files.set(file, content),
    snapshotDisk: (snapshotId, serverId, diskId) => frozenDisk(world, snapshotId, serverId, diskId),
    startOwnBackup: (serverId) => {
      for (const lease of leasesOn(world, serverId)) endLease(world, lease, 'cancelled')
    },
    recover: (serverId) => {
      vmOf(world, serverId).tracking.expired = true
    },
    setQuiesces: (serverId, quiesces) => {
      vmOf(world, serverId).quiesces = quiesces
    },
    powerOff: (serverId) => losePower(world, vmOf(world, serverId)),
    forgetTokens: () => access.forgetTokens(),
    state: () => describeState(world),
    leaks: () => leaksOf(world),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

let pem: ReturnType<typeof generate> | undefined

/** One for every simulator of this process: keys take long to make. */
function certificate(): ReturnType<typeof generate> {
  pem ??= generate([{ name: 'commonName', value: 'holdfast-simulator' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      {
        name: 'subjectAltName',
        altNames: [
          { type: 7, ip: HOST },
          { type: 2, value: 'localhost' },
        ],
      },
    ],
  })
  return pem
}

function createWorld(
  seed: string,
  clock: PlatformClock,
  behaviour: Behaviour,
  certificate: string,
  devices: GuestDevices,
): World {
  let ids = 0
  const newId = () => idFrom(`${seed}/${ids++}`)
  const world: World = {
    clock,
    behaviour,
    azId: newId(),
    clusterId: newId(),
    newId,
    certificate,
    storages: new Map(),
    hosts: [1, 2].map((n) => ({ id: `host-0a1b2c00000${n}`, name: `hci-${n}` })),
    vms: new Map(),
    snapshots: new Map(),
    deletedSnapshots: [],
    groups: new Map(),
    leases: new Map(),
    tasks: new Map(),
    hotAdded: [],
    devices,
    nfsFolder: join(tmpdir(), `holdfast-scp-nfs-${randomBytes(8).toString('hex')}`),
    startedProxies: new Set(),
    mishaps: [],
    taskFaults: [],
  }
  world.storages.set('7a41c0de_vs_vol_rep2', storageOf(world, '7a41c0de_vs_vol_rep2', 'vs-vol-1', 'vs'))
  return world
}

const storageOf = ({ hosts }: World, id: string, name: string, type: string): Storage => ({
  id,
  name,
  type,
  hostIds: hosts.map((host) => host.id),
})

/** In the form of a random UUID. */
function idFrom(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const derOf = (pem: string): string => pem.replace(/-----[^-]+-----|\s/g, '')
