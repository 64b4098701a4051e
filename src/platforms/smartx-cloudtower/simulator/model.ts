// What the simulated platform holds: plain records, changed by the files beside this one. Marks such as [X5] are rows of README.md's
// table of behaviours.
import type { PlatformClock, SparseDisk, SparseSnapshot } from '../../simulation/index.ts'

/** What is under way on an object; null when nothing is. [X5] */
export type AsyncStatus = 'CREATING' | 'UPDATING' | 'DELETING' | null

export interface Entity {
  readonly id: string
  asyncStatus: AsyncStatus
  /** The cluster's own id; a placeholder until the object is really there. [X3] */
  localId: string
}

export type Bus = 'IDE' | 'SCSI' | 'VIRTIO' | 'USB'

export interface Volume extends Entity {
  readonly name: string
  readonly policy: string
  /** There once the volume is really made. */
  lun?: { readonly id: string; readonly zbsId: string }
  readonly content: SparseDisk
}

export interface VmDisk {
  readonly volumeId: string
  readonly bus: Bus
  readonly boot: number
  readonly index: number
}

export interface VmNic {
  readonly mac: string
  readonly vlanId: string
  readonly model: string
}

export type ToolsStatus = 'RUNNING' | 'NOT_RUNNING' | 'NOT_INSTALLED'

export interface Vm extends Entity {
  readonly name: string
  status: 'RUNNING' | 'STOPPED'
  toolsStatus: ToolsStatus
  readonly cores: number
  readonly sockets: number
  readonly memoryBytes: number
  readonly firmware: 'BIOS' | 'UEFI'
  readonly ha: boolean
  readonly disks: VmDisk[]
  readonly nics: readonly VmNic[]
  inRecycleBin: boolean
}

export interface SnapshotDisk extends VmDisk {
  readonly volumeLocalId: string
  readonly lunSnapshotId: string
  /** Name of the LUN snapshot. */
  readonly lunSnapshotName: string
  readonly zbsId: string
  readonly frozen: SparseSnapshot
}

export interface Snapshot extends Entity {
  readonly name: string
  readonly vmId: string
  /** As the VM was. */
  readonly vm: Vm
  readonly consistent: 'CRASH_CONSISTENT' | 'FILE_SYSTEM_CONSISTENT'
  /** Empty until it is really made. */
  disks: readonly SnapshotDisk[]
  /** When its LUN snapshots are known to CloudTower. [X11] */
  lunsVisibleAt: number
  /** Aborted when it is deleted: whoever reads it is cut. [X19] */
  readonly gone: AbortController
}

export type TaskStatus = 'PENDING' | 'EXECUTING' | 'PAUSED' | 'FAILED' | 'SUCCESSED'

export interface Task {
  readonly id: string
  readonly operation: string
  readonly resourceId: string
  status: TaskStatus
  errorMessage?: string
}

export interface Vlan {
  readonly id: string
  readonly localId: string
  readonly name: string
  readonly vlanId: number
}

/** Behaviours that are open in the vendor's texts, or that a test wants to see. */
export interface Behaviour {
  /** How long tasks are pending, then run. */
  taskWaitMs: number
  taskRunMs: number
  /** How long entityAsyncStatus stays after the task has ended. [X5] */
  settleMs: number
  /** How long LUN snapshots stay unknown after their snapshot is there. [X11] */
  lunLagMs: number
  /** False: an API before 3.3.0, in which the later of two overlapping changes overwrites the earlier. [X6, X7] */
  locks: boolean
  /** A creation that failed leaves its placeholder behind. */
  failedLeavesPlaceholder: boolean
  /** The cluster has no space left. [X16] */
  full: boolean
  /** Deleting a VM deletes its volumes; else they stay. */
  vmTakesVolumes: boolean
}

export type TaskFault = 'failTask' | 'stickTask' | 'pauseTask'

export interface World {
  readonly clock: PlatformClock
  readonly behaviour: Behaviour
  readonly clusterId: string
  readonly newId: () => string
  readonly vms: Map<string, Vm>
  readonly volumes: Map<string, Volume>
  readonly snapshots: Map<string, Snapshot>
  /** What was in those that were deleted can still be compared. No call sees them. */
  readonly deletedSnapshots: Snapshot[]
  readonly vlans: readonly Vlan[]
  readonly tasks: Map<string, Task>
  /** Faults that wait for the next task of an operation. */
  readonly taskFaults: { operation: string; kind: TaskFault }[]
}

/** The platform says no, with an HTTP status. Inside a task it is the task's failure. */
export class Refusal extends Error {
  readonly status: number
  /** The VM that is locked. [X6] */
  readonly lockedId?: string

  constructor(status: number, message: string, lockedId?: string) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    if (lockedId !== undefined) this.lockedId = lockedId
  }
}
