// What the simulated server holds: plain records, changed by the files beside this one. Marks such as [W5] are rows of README.md's table
// of behaviours.
import type { JsonObject } from '../../../values/index.ts'
import type { PlatformClock, SparseDisk, SparseSnapshot } from '../../simulation/index.ts'

/** Changed-block tracking of one disk since it last began. [W8] */
export interface Tracking {
  readonly uuid: string
  number: number
  /** Content by change number. */
  readonly history: Map<number, SparseSnapshot>
}

export interface VmDisk {
  readonly key: number
  readonly label: string
  readonly controllerKey: number
  readonly unitNumber: number
  readonly file: string
  /** Independent disks and physical raw mappings are in no snapshot. [W12] */
  readonly mode: 'persistent' | 'independent_persistent'
  readonly physicalMapping: boolean
  readonly content: SparseDisk
  tracking?: Tracking
}

export interface Controller {
  readonly key: number
  readonly typeName: string
  readonly busNumber: number
}

export interface Nic {
  readonly key: number
  readonly mac: string
  readonly network: string
}

export interface Vm {
  readonly id: string
  readonly name: string
  readonly uuid: string
  readonly instanceUuid: string
  readonly folderId: string
  readonly poolId: string
  powerState: 'poweredOn' | 'poweredOff' | 'suspended'
  connectionState: 'connected' | 'disconnected'
  toolsRunning: boolean
  template: boolean
  readonly version: string
  readonly guestId: string
  readonly cpus: number
  readonly memoryMB: number
  readonly firmware: 'bios' | 'efi'
  readonly controllers: readonly Controller[]
  readonly disks: VmDisk[]
  readonly nics: readonly Nic[]
  /** What ReconfigVM_Task asked for; it takes effect with the next stun. [W7] */
  trackingWanted: boolean
  consolidationNeeded: boolean
  currentSnapshotId: string | undefined
  /** The task, or the lease of an export, that other changes wait for. [W4] */
  heldBy: string | undefined
  readonly guest: Guest
}

export interface GuestProgram {
  readonly exitCode: number
  readonly durationMs: number
  /** What it does to the application in the guest. */
  readonly does?: 'freeze' | 'thaw'
}

export interface GuestProcess {
  readonly pid: number
  readonly path: string
  readonly arguments: string
  readonly startedAt: number
  endedAt?: number
  exitCode?: number
}

export interface Guest {
  /** By path. */
  readonly programs: Map<string, GuestProgram>
  /** Scripts of VMware Tools by file name, with their exit code on `freeze`. [W6] */
  readonly toolsScripts: Map<string, number>
  /** The two scripts from before that folder. */
  readonly legacyScripts: { freeze?: number; thaw?: number }
  readonly processes: GuestProcess[]
  /** What ran, oldest first: path and arguments. */
  readonly log: string[]
  /** Whether the application holds still. */
  frozen: boolean
  /** How long the guest can hold its file systems, against how long a snapshot takes. */
  holdMs: number
}

export interface SnapshotDisk {
  readonly frozen: SparseSnapshot
  readonly changeId?: string
}

export interface Snapshot {
  readonly id: string
  readonly number: number
  readonly vmId: string
  readonly name: string
  readonly description: string
  readonly createdAt: number
  readonly quiesced: boolean
  parentId: string | undefined
  /** By device key. */
  readonly disks: ReadonlyMap<number, SnapshotDisk>
  readonly config: JsonObject
  /** Aborted when it is removed: whoever reads it is cut. */
  readonly gone: AbortController
}

export interface Task {
  readonly id: string
  readonly operation: string
  readonly entity: { readonly type: string; readonly value: string }
  state: 'queued' | 'running' | 'success' | 'error'
  progress: number
  error?: JsonObject
  result?: JsonObject
}

/** What is downloaded, or what the uploads make. */
export type LeaseOf =
  | { readonly kind: 'export'; readonly snapshotId: string }
  /** Device keys by the name that the import has for them. */
  | { readonly kind: 'import'; readonly devices: ReadonlyMap<string, number> }

export interface Lease {
  readonly id: string
  readonly vmId: string
  readonly of: LeaseOf
  state: 'initializing' | 'ready' | 'done' | 'error'
  expiresAt: number
  /** Aborted when it ends: downloads are cut. */
  readonly gone: AbortController
}

/** Behaviours that are open in the vendor's texts, or that a test wants to see. */
export interface Behaviour {
  taskWaitMs: number
  taskRunMs: number
  /** How much of a disk one answer about changes covers. [W9] */
  areasAnswerBytes: number
  /** A session without calls is ended after that long. [W2] */
  sessionIdleMs: number
  /** Removing a snapshot leaves its delta disks. [W11] */
  leavesDeltas: boolean
  /** Datastores have no space left. */
  full: boolean
  maxSnapshotLevels: number
  /** How long an export takes until it can be downloaded. [W14] */
  leaseReadyMs: number
  /** The descriptor of an import cannot be taken: said in an answer with status 200. [W19] */
  refusesImports: boolean
  /** Areas that are allocated can be asked for; they cannot where the datastore is no VMFS. [W10] */
  allocatedKnown: boolean
}

export type TaskFault = { readonly operation: string; readonly kind: 'failTask' | 'stickTask'; readonly fault: string }

export interface World {
  readonly clock: PlatformClock
  readonly behaviour: Behaviour
  readonly newNumber: () => number
  readonly newUuid: () => string
  readonly vms: Map<string, Vm>
  readonly snapshots: Map<string, Snapshot>
  /** What was in those that were removed can still be compared. No call sees them. */
  readonly removedSnapshots: Snapshot[]
  readonly tasks: Map<string, Task>
  readonly leases: Map<string, Lease>
  /** Where downloads are; its host may be `*`. */
  readonly nfcUrl: string
  /** Faults that wait for the next task of an operation. */
  readonly taskFaults: TaskFault[]
}

/** The server says no. Inside a task it is the task's error. [W1] */
export class VimFault extends Error {
  readonly typeName: string
  readonly fields: JsonObject

  constructor(typeName: string, message: string, fields: JsonObject = {}) {
    super(message)
    this.name = 'VimFault'
    this.typeName = typeName
    this.fields = fields
  }
}

export const reference = (type: string, value: string): JsonObject => ({ _typeName: 'ManagedObjectReference', type, value })

export const gone = (type: string, id: string): VimFault =>
  new VimFault(
    'ManagedObjectNotFound',
    `The object '${type}:${id}' has already been deleted or has not been completely created`,
    {
      obj: reference(type, id),
    },
  )

export function vmOf({ vms }: World, id: string): Vm {
  const vm = vms.get(id)
  if (!vm) throw gone('VirtualMachine', id)
  return vm
}

export function snapshotOf({ snapshots }: World, id: string): Snapshot {
  const snapshot = snapshots.get(id)
  if (!snapshot) throw gone('VirtualMachineSnapshot', id)
  return snapshot
}

export const snapshotsOf = ({ snapshots }: World, vmId: string): Snapshot[] =>
  [...snapshots.values()].filter((snapshot) => snapshot.vmId === vmId)
