// How a test or a demo says what VMs there are: disks from bytes, from an image file, or with files in a file system.
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { BLOCK_BYTES, createDisk, type Disk } from './disk.ts'
import { formatFat16 } from './fat16.ts'
import { type OwnFile, Refusal, type Vm, type VmTraits, type World } from './model.ts'
import { hciIdOf, hostFor } from './vms.ts'

export type DiskSpec =
  /** Empty. */
  | { readonly sizeBytes: number }
  | { readonly bytes: Buffer }
  /** Path of a raw image. */
  | { readonly image: string }
  /** A FAT16 file system with these files, 16 MiB to 2 GiB. */
  | { readonly sizeBytes: number; readonly files: Readonly<Record<string, Buffer | string>> }

export interface VmSpec {
  readonly name: string
  readonly disks: readonly (DiskSpec & { readonly storageId?: string; readonly type?: string })[]
  readonly storageId?: string
  readonly hostId?: string
  readonly status?: Vm['status']
  readonly osName?: string
  /** Whether snapshots of it are quiesced; no unless said so. */
  readonly quiesces?: boolean
  /** Whether it has guest tools; yes unless said so. */
  readonly tools?: boolean
  readonly traits?: VmTraits
}

/** ide2 is reserved, and ide15 is the last. */
export const DISK_IDS = Array.from({ length: 16 }, (_, index) => `ide${index}`).filter((id) => id !== 'ide2')

/** Adds the VM; answers it and the ids of the disks that hold a file system. */
export function addVm(world: World, spec: VmSpec): { vm: Vm; formatted: ReadonlySet<string> } {
  const [firstStorage] = world.storages.keys()
  const storageId = spec.storageId ?? firstStorage ?? ''
  if (spec.disks.length > DISK_IDS.length) throw new Refusal(400, `A virtual machine has at most ${DISK_IDS.length} disks.`)
  const vm: Vm = {
    id: world.newId(),
    hciId: hciIdOf(world),
    name: spec.name,
    status: spec.status ?? 'running',
    hostId: spec.hostId ?? hostFor(world, storageId),
    storageId,
    osName: spec.osName ?? 'Debian GNU/Linux 12',
    cores: 4,
    memoryMb: 8192,
    disks: spec.disks.map((disk, index) => ({
      id: DISK_IDS[index] ?? '',
      storageId: disk.storageId ?? storageId,
      disk: diskFrom(disk, spec.name),
      type: disk.type ?? 'new_disk',
    })),
    // Above 2^32 from the first checkpoint on.
    tracking: { version: 1, epoch: 1, expired: false },
    quiesces: spec.quiesces ?? false,
    traits: spec.traits ?? {},
    files: ownFiles(spec),
    backing: [],
    toolsAt: spec.tools === false ? Number.POSITIVE_INFINITY : 0,
    visibleAt: world.clock.now(),
  }
  world.vms.set(vm.id, vm)
  const formatted = vm.disks.filter((_, index) => 'files' in (spec.disks[index] ?? {})).map(({ id }) => id)
  return { vm, formatted: new Set(formatted) }
}

/** Sizes as such files have; the bytes follow from the VM's name. */
const OWN_FILE_BYTES = { BIOS: 540_672, TPM: 20_480 } as const

function ownFiles({ name, traits }: VmSpec): Map<OwnFile, Buffer> {
  const has: Record<OwnFile, boolean> = { BIOS: traits?.customBios ?? false, TPM: traits?.tpm ?? false }
  const made = (['BIOS', 'TPM'] as const).filter((file) => has[file])
  return new Map(
    made.map((file) => [file, createHash('shake256', { outputLength: OWN_FILE_BYTES[file] }).update(`${name}/${file}`).digest()]),
  )
}

/** Adds an empty disk to a VM; it is not tracked until someone says so. [S27] */
export function addDisk(vm: Vm, sizeBytes: number): string {
  const id = DISK_IDS.find((each) => !vm.disks.some((disk) => disk.id === each))
  if (id === undefined) throw new Refusal(400, 'The virtual machine has no free disk slot.')
  vm.disks.push({ id, storageId: vm.storageId, disk: createDisk(sizeBytes), type: 'new_disk' })
  return id
}

function diskFrom(spec: DiskSpec, label: string): Disk {
  if ('bytes' in spec) {
    const disk = createDisk(spec.bytes.length)
    writeSparsely(disk, 0, spec.bytes)
    return disk
  }
  if ('image' in spec) return diskFromImage(spec.image)
  const disk = createDisk(spec.sizeBytes)
  if ('files' in spec) {
    const files = formatFat16(disk, label.replace(/[^A-Za-z0-9]/g, ''))
    for (const [name, content] of Object.entries(spec.files)) files.writeFile(name, Buffer.from(content))
  }
  return disk
}

/** Blocks of zeros stay holes. */
export function diskFromImage(path: string): Disk {
  const disk = createDisk(statSync(path).size)
  const file = openSync(path, 'r')
  try {
    const part = Buffer.alloc(16 * BLOCK_BYTES)
    for (let at = 0; at < disk.sizeBytes; ) {
      const count = readSync(file, part, 0, part.length, at)
      if (count === 0) break
      writeSparsely(disk, at, part.subarray(0, count))
      at += count
    }
  } finally {
    closeSync(file)
  }
  return disk
}

/** Blocks of zeros stay holes. */
function writeSparsely(disk: Disk, offsetBytes: number, data: Buffer): void {
  for (let at = 0; at < data.length; at += BLOCK_BYTES) {
    const block = data.subarray(at, at + BLOCK_BYTES)
    if (block.some((byte) => byte !== 0)) disk.write(offsetBytes + at, block)
  }
}
