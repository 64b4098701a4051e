// What the simulated platform holds: plain records, changed by the files beside this one.
import type { JsonObject } from '../../../values/index.ts'
import type { PlatformClock } from '../../simulation/index.ts'
import type { Disk, FrozenDisk } from './disk.ts'
import type { GuestDevices } from './guest-devices.ts'

export interface Storage {
  readonly id: string
  readonly name: string
  /** `vs` is virtual storage. */
  readonly type: string
  readonly hostIds: readonly string[]
  /** Of an NFS storage that a call has attached. */
  readonly exportPath?: string
}

export interface VmDisk {
  readonly id: string
  readonly storageId: string
  readonly disk: Disk
  /** `new_disk` and the like; physical_disk, rdm_disk and share_disk are in no snapshot. */
  readonly type: string
  /** Epoch from which changes are known; nothing while tracking is off for this disk. */
  trackedSince?: number
}

export interface Vm {
  readonly id: string
  /** HCI's own id of the VM; the summary of consistency groups mixes it in. */
  readonly hciId: string
  readonly name: string
  status: 'running' | 'stopped'
  /** Where it runs, or ran last. */
  hostId: string
  readonly storageId: string
  readonly osName: string
  cores: number
  memoryMb: number
  readonly disks: VmDisk[]
  readonly tracking: Tracking
  /** Files that its disks are read from until they are merged: a quick restore. */
  readonly backing: BackingFile[]
  /** What keeps it from agentless backup, as the detail shows it. */
  readonly traits: VmTraits
  readonly files: Map<OwnFile, Buffer>
  /** Whether the guest lets itself be quiesced for a snapshot. */
  quiesces: boolean
  /** When its guest tools answer, while it runs; never without tools. */
  toolsAt: number
  /** Not listed before this time. */
  readonly visibleAt: number
}

export interface BackingFile {
  readonly diskId: string
  readonly storageId: string
  /** On the host of the simulator, which is its own NFS server. */
  readonly file: string
}

export interface VmTraits {
  readonly vmType?: string
  readonly turbo?: boolean
  readonly application?: string
  readonly reverts?: boolean
  /** Its snapshots are internal ones, in qcow2 files. */
  readonly internalSnapshots?: boolean
  readonly customBios?: boolean
  readonly tpm?: boolean
}

/** Files that belong to a VM beside its disks. */
export type OwnFile = 'BIOS' | 'TPM'

/** Changed-block tracking of a VM: `version * 2^32 + epoch` is a checkpoint. */
export interface Tracking {
  version: number
  epoch: number
  /** After a recovery or restore nothing is known until a reset. */
  expired: boolean
}

/** A snapshot of one VM, or of all members of a group. */
export interface Snapshot {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly groupId?: string
  readonly createdAt: number
  readonly visibleAt: number
  readonly members: ReadonlyMap<string, MemberSnapshot>
}

export interface MemberSnapshot {
  readonly checkpoint: bigint
  readonly quiesced: boolean
  readonly config: JsonObject
  readonly files: ReadonlyMap<OwnFile, Buffer>
  readonly disks: ReadonlyMap<string, { readonly frozen: FrozenDisk; readonly version?: number }>
}

export interface Group {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly serverIds: readonly string[]
  readonly visibleAt: number
}

export type LeaseStatus = 'pending' | 'running' | 'expired' | 'occupied' | 'cancelled' | 'released' | 'failed'

export interface Lease {
  readonly id: string
  readonly serverId: string
  readonly type: 'backup' | 'restore'
  readonly hostId: string
  status: LeaseStatus
  /** The lease ends when the platform's time passes this. */
  untilMs: number
  /** Aborted when readers and writers are to be cut. */
  readonly cut: AbortController
}

export interface Task {
  readonly id: string
  readonly action: string
  readonly objectId: string
  readonly beganAt: number
  readonly startsAt: number
  /** Infinity when it is stuck. */
  readonly endsAt: number
  result?: 'finish' | 'failure'
  description: string
}

/** A disk of one VM in another, its proxy: a linked clone of a snapshot's disk, or without a snapshot the disk itself. */
export interface HotAddedDisk {
  readonly proxyId: string
  readonly id: string
  readonly serverId: string
  readonly snapshotId?: string
  readonly diskId: string
  readonly sizeBytes: number
}

/** Behaviours that are open in the vendor's texts, or that a test wants to see. */
export interface Behaviour {
  /** How long tasks wait, then run. */
  taskWaitMs: number
  taskRunMs: number
  /** How long an object stays invisible after its task has finished. */
  visibleAfterMs: number
  /** How long an ended lease still answers with its status before it is gone. */
  endedLeaseMs: number
  /** How much of a disk one answer of the bitmap covers. */
  bitmapPageBytes: number
  pageSize: number
  tokenLifetimeMs: number
  /** How far a signature's time may be off. */
  maxSkewMs: number
  /** Calls a minute, by kind. */
  getPerMinute: number
  otherPerMinute: number
  /** Leases that run at a time on one host; further ones stay pending. */
  leasesPerHost: number
  /** What a repeat with a known client token gets. */
  repeatedToken: 'firstAnswer' | 'refused'
  /** What happens when a group snapshot is deleted while a member is being read. */
  groupSnapshotInUse: 'cutReaders' | 'refused'
  /** Refuse tokens where the description lists access keys only. */
  strictLeases: boolean
  transports: readonly ('nbd' | 'nbd_ssl')[]
  /** Disks that a VM can have at one time. */
  maxDisks: number
  /** From the end of a start to the first answer of the guest tools. */
  toolsAfterMs: number
  /** Host on which VMs that are started come up, instead of the one they were on. */
  startsOnHost?: string
}

export interface World {
  readonly clock: PlatformClock
  readonly behaviour: Behaviour
  readonly azId: string
  readonly clusterId: string
  readonly newId: () => string
  /** Base64 DER; what the data transfer service shows. */
  readonly certificate: string
  readonly storages: Map<string, Storage>
  readonly hosts: readonly { readonly id: string; readonly name: string }[]
  readonly vms: Map<string, Vm>
  readonly snapshots: Map<string, Snapshot>
  /** The newest of those that were deleted: what was in them can still be compared. No call sees them. */
  readonly deletedSnapshots: Snapshot[]
  readonly groups: Map<string, Group>
  readonly leases: Map<string, Lease>
  readonly tasks: Map<string, Task>
  readonly hotAdded: HotAddedDisk[]
  /** The block devices that guests of proxies see. */
  readonly devices: GuestDevices
  /** Folder that this host exports by NFS, as it were. */
  readonly nfsFolder: string
  /** Proxies that were powered on by a call and were not powered off since. */
  readonly startedProxies: Set<string>
  /** What a caller did that the seed warns of, a line each. */
  readonly mishaps: string[]
  /** Faults that wait for the next task of an operation. */
  readonly taskFaults: { operation: string; kind: 'failTask' | 'stickTask' }[]
}

/** The platform says no: an HTTP status and a sentence. Inside a task it is the task's failure. */
export class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'Refusal'
    this.status = status
  }
}
