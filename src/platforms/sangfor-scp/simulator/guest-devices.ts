// The block devices that guests of proxies see, as sparse files in a folder of their own: what reads them opens real files.

import { randomUUID } from 'node:crypto'
import { closeSync, ftruncateSync, mkdirSync, openSync, readSync, rmSync, truncateSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { BLOCK_BYTES, type Disk, type DiskView } from './disk.ts'

export interface GuestDevices extends Disposable {
  /** Path of a device, with `{proxy}` and `{disk}` in it. */
  readonly template: string
  /** A device that holds what the disk holds now. */
  plug(proxyId: string, diskId: string, content: DiskView): void
  /** Writes what the guest changed on the device to the disk that it is. */
  store(proxyId: string, diskId: string, disk: Disk): void
  /** Reads of the device fail from now on, also those of who has it open. */
  cut(proxyId: string, diskId: string): void
  unplug(proxyId: string, diskId: string): void
}

export function createGuestDevices(): GuestDevices {
  const folder = join(tmpdir(), `holdfast-scp-guests-${randomUUID()}`)
  const pathOf = (proxyId: string, diskId: string): string => join(folder, proxyId, diskId)
  return {
    template: join(folder, '{proxy}', '{disk}'),
    plug: (proxyId, diskId, content) => {
      const path = pathOf(proxyId, diskId)
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      onFile(path, 'wx', (file) => {
        ftruncateSync(file, content.sizeBytes)
        for (const [offsetBytes, block] of blocksOf(content.sizeBytes, content.dataBlocks())) {
          content.read(offsetBytes, block)
          writeSync(file, block, 0, block.length, offsetBytes)
        }
      })
    },
    store: (proxyId, diskId, disk) =>
      onFile(pathOf(proxyId, diskId), 'r', (file) => {
        const blocks = Array.from({ length: Math.ceil(disk.sizeBytes / BLOCK_BYTES) }, (_, block) => block)
        for (const [offsetBytes, block] of blocksOf(disk.sizeBytes, blocks)) {
          const was = Buffer.alloc(block.length)
          disk.read(offsetBytes, was)
          readSync(file, block, 0, block.length, offsetBytes)
          if (!block.equals(was)) disk.write(offsetBytes, block)
        }
      }),
    cut: (proxyId, diskId) => truncateSync(pathOf(proxyId, diskId)),
    unplug: (proxyId, diskId) => {
      truncateSync(pathOf(proxyId, diskId))
      rmSync(pathOf(proxyId, diskId))
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function onFile(path: string, flags: string, use: (file: number) => void): void {
  const file = openSync(path, flags, 0o600)
  try {
    use(file)
  } finally {
    closeSync(file)
  }
}

function* blocksOf(sizeBytes: number, blocks: readonly number[]): Generator<readonly [offsetBytes: number, memory: Buffer]> {
  for (const block of blocks) {
    const offsetBytes = block * BLOCK_BYTES
    yield [offsetBytes, Buffer.alloc(Math.min(BLOCK_BYTES, sizeBytes - offsetBytes))]
  }
}
