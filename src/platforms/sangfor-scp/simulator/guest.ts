// A guest that goes on working: it writes and rewrites files, or raw blocks where its disk holds no file system. Seeded, so that
// the same guest writes the same bytes in every run.
import { createHash } from 'node:crypto'
import { BLOCK_BYTES } from './disk.ts'
import { type Fat16, openFat16 } from './fat16.ts'
import type { Vm, VmDisk } from './model.ts'

export interface Guest {
  /** So many writes, spread over the disks. Answers the names of the files or places written. */
  write(count: number): readonly string[]
  /** The file system on a disk that was made with files. */
  files(diskId: string): Fat16
}

export function createGuest(vm: Vm, formatted: ReadonlySet<string>, seed: string): Guest {
  let turn = 0
  const writeOnce = (): string => {
    turn += 1
    const random = randomFor(`${seed}/${vm.id}/${turn}`)
    const disk = vm.disks[random.below(vm.disks.length)]
    if (!disk) throw new Error(`${vm.name} has no disk to write to`)
    return formatted.has(disk.id) ? writeFile(disk, random) : writeBlock(disk, random)
  }
  return {
    write: (count) => Array.from({ length: count }, writeOnce),
    files: (diskId) => {
      const disk = vm.disks.find(({ id }) => id === diskId)
      if (!disk || !formatted.has(diskId)) throw new Error(`${vm.name} has no file system on ${diskId}`)
      return openFat16(disk.disk)
    },
  }
}

function writeFile({ id, disk }: VmDisk, random: Random): string {
  const name = `LOG${random.below(8)}.TXT`
  openFat16(disk).writeFile(name, random.bytes(1 + random.below(96 * 1024)))
  return `${id}/${name}`
}

function writeBlock({ id, disk }: VmDisk, random: Random): string {
  const lengthBytes = Math.min(disk.sizeBytes, 512 * (1 + random.below((2 * BLOCK_BYTES) / 512)))
  const offsetBytes = 512 * random.below(Math.floor((disk.sizeBytes - lengthBytes) / 512) + 1)
  disk.write(offsetBytes, random.bytes(lengthBytes))
  return `${id}@${offsetBytes}`
}

interface Random {
  below(limit: number): number
  bytes(length: number): Buffer
}

function randomFor(seed: string): Random {
  let count = 0
  const next = (): Buffer => createHash('sha512').update(`${seed}/${count++}`).digest()
  return {
    below: (limit) => next().readUInt32LE() % limit,
    bytes: (length) => createHash('shake256', { outputLength: length }).update(`${seed}/${count++}`).digest(),
  }
}
