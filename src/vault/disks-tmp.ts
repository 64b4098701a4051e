import { open } from 'node:fs/promises'
import type { BlockSink, BlockSource, DiskAddress } from '../blocks/index.ts'
export async function openSource(address: DiskAddress, _o: { signal?: AbortSignal } = {}): Promise<BlockSource> {
  if (address.kind !== 'file') throw new Error('no')
  const f = await open(address.path)
  const { size } = await f.stat()
  return {
    sizeBytes: size,
    async read(o, into) {
      await f.read(into, 0, into.length, o)
    },
    async extents(o, l) {
      return [{ offsetBytes: o, lengthBytes: l, kind: 'data' }]
    },
    async [Symbol.asyncDispose]() {
      await f.close()
    },
  }
}
export async function openSink(address: DiskAddress): Promise<BlockSink> {
  if (address.kind !== 'file') throw new Error('no')
  const f = await open(address.path, 'r+')
  const { size } = await f.stat()
  return {
    sizeBytes: size,
    async write(o, d) {
      await f.write(d, 0, d.length, o)
    },
    async zero() {},
    async flush() {
      await f.sync()
    },
    async [Symbol.asyncDispose]() {
      await f.close()
    },
  }
}
