// Stream-optimised VMDKs: what the simulator sends is what qemu-img takes, what qemu-img writes is what a download takes.
import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSparseDisk, guestWrites } from '../../../src/platforms/simulation/index.ts'
import { grainsOf } from '../../../src/platforms/vmware-vsphere/simulator/downloads.ts'
import { grainsIn, StreamBroken } from '../../../src/platforms/vmware-vsphere/stream-vmdk.ts'
import { streamVmdk } from '../../../src/platforms/vmware-vsphere/write-stream-vmdk.ts'
import { peer } from '../../peers/peer.ts'

const run = promisify(execFile)
const SIZE = 40 * 2 ** 20 + 512

function disk() {
  const made = createSparseDisk(SIZE)
  guestWrites('write')([made], 40)
  made.write(SIZE - 512, Buffer.alloc(512, 7))
  return made
}

function bytesOf(view: ReturnType<typeof disk>): Buffer {
  const bytes = Buffer.alloc(SIZE)
  view.read(0, bytes)
  return bytes
}

async function written(view: ReturnType<typeof disk>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of streamVmdk(grainsOf(view))) parts.push(part)
  return Buffer.concat(parts)
}

async function decoded(stream: AsyncIterable<Uint8Array>, sizeBytes: number): Promise<Buffer> {
  const bytes = Buffer.alloc(sizeBytes)
  for await (const { offsetBytes, data } of grainsIn(stream, sizeBytes)) data.copy(bytes, offsetBytes)
  return bytes
}

async function* cut(whole: Buffer, piece: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < whole.length; at += piece) yield whole.subarray(at, at + piece)
}

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmdk-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

describe('a stream', () => {
  it.each([1, 511, 65_536, 2 ** 30])('is read whole in pieces of %i bytes', async (piece) => {
    const made = createSparseDisk(300_032)
    made.write(1000, Buffer.alloc(2000, 'x'))
    const whole = await written(made)
    const bytes = Buffer.alloc(300_032)
    made.read(0, bytes)
    expect((await decoded(cut(whole, piece), 300_032)).equals(bytes)).toBe(true)
  })

  it('that ends early, is damaged or is of another disk is refused', async () => {
    const whole = await written(disk())
    await expect(decoded(cut(whole.subarray(0, whole.length - 512), 4096), SIZE)).rejects.toThrow(StreamBroken)
    await expect(decoded(cut(Buffer.alloc(4096), 4096), SIZE)).rejects.toThrow('no stream-optimised VMDK')
    await expect(decoded(cut(whole, 4096), SIZE + 512)).rejects.toThrow('it is of a disk of')
    const damaged = Buffer.from(whole)
    damaged.fill(0xff, 65_536 + 20, 65_536 + 60)
    await expect(decoded(cut(damaged, 4096), SIZE)).rejects.toThrow('cannot be decompressed')
  })
})

describe.skipIf(!peer('qemu-img', 'qemu-utils'))('qemu-img', () => {
  it('takes what the simulator sends, byte for byte', async () => {
    const made = disk()
    await writeFile(join(folder, 'disk.vmdk'), await written(made))
    await run('qemu-img', ['convert', '-f', 'vmdk', '-O', 'raw', join(folder, 'disk.vmdk'), join(folder, 'disk.raw')])
    expect((await readFile(join(folder, 'disk.raw'))).equals(bytesOf(made))).toBe(true)
  })

  it('writes what a download takes, byte for byte', async () => {
    const bytes = bytesOf(disk())
    await writeFile(join(folder, 'disk.raw'), bytes)
    const options = ['-f', 'raw', '-O', 'vmdk', '-o', 'subformat=streamOptimized']
    await run('qemu-img', ['convert', ...options, join(folder, 'disk.raw'), join(folder, 'disk.vmdk')])
    expect((await decoded(createReadStream(join(folder, 'disk.vmdk')), SIZE)).equals(bytes)).toBe(true)
  })
})
