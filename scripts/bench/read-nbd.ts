// Measured by nbd.ts: reads the disk at an address to nothing, as a backup does: in threads, each with a connection of its own.

import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { type DiskAddress, isZero, openSource, pageMemory, splitExtents } from '../../src/blocks/index.ts'
import { reportMeasured } from './measure.ts'

const CHUNK_BYTES = 2 ** 20
const IN_FLIGHT = 4

/** `next` is the chunk that nobody has taken yet, for all threads. */
async function read(address: DiskAddress, next: Int32Array): Promise<void> {
  await using source = await openSource(address)
  const data = (await source.extents(0, source.sizeBytes)).filter(({ kind }) => kind === 'data')
  const chunks = [...splitExtents(data, CHUNK_BYTES)]
  const take = () => chunks[Atomics.add(next, 0, 1)]
  async function lane(memory: Buffer): Promise<void> {
    for (let chunk = take(); chunk; chunk = take()) {
      const content = memory.subarray(0, chunk.lengthBytes)
      await source.read(chunk.offsetBytes, content)
      isZero(content)
    }
  }
  await Promise.all(pageMemory(IN_FLIGHT, CHUNK_BYTES).map(lane))
}

if (isMainThread) {
  const address = JSON.parse(process.argv[2] ?? '') as DiskAddress
  const next = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  // An engine has started them long ago, as it has started itself.
  const threads = Array.from({ length: availableParallelism() }, () => new Worker(new URL(import.meta.url), { workerData: next }))
  await Promise.all(threads.map((thread) => once(thread, 'message')))
  await reportMeasured(async () => {
    const done = threads.map((thread) => once(thread, 'message'))
    for (const thread of threads) thread.postMessage(address)
    await Promise.all(done)
    return undefined
  })
  for (const thread of threads) thread.unref()
} else {
  parentPort?.on('message', async (address: DiskAddress) => {
    await read(address, workerData as Int32Array)
    parentPort?.postMessage('done')
  })
  parentPort?.postMessage('ready')
}
