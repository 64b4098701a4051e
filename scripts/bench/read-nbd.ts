// Measured by nbd.ts: reads the disk at an address to nothing, as a backup does: in threads, each with a connection of its own.

import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import {
  type BlockConsumer,
  copyBlocks,
  type DiskAddress,
  type Extent,
  openSource,
  splitExtents,
} from '../../src/blocks/index.ts'
import { reportMeasured } from './measure.ts'

/** What a thread takes at once, in turn with the others. */
const SHARE_BYTES = 16 * 2 ** 20
const nothing: BlockConsumer = { write: async () => {}, zero: async () => {} }

interface Turn {
  readonly turn: number
  readonly of: number
}

async function read(address: DiskAddress, { turn, of }: Turn): Promise<void> {
  await using source = await openSource(address)
  const data = (await source.extents(0, source.sizeBytes)).filter(({ kind }) => kind === 'data')
  const isMine = ({ offsetBytes }: Extent): boolean => Math.floor(offsetBytes / SHARE_BYTES) % of === turn
  await copyBlocks(source, nothing, [...splitExtents(data, SHARE_BYTES)].filter(isMine))
}

if (isMainThread) {
  const address = JSON.parse(process.argv[2] ?? '') as DiskAddress
  const of = availableParallelism()
  // An engine has started them long ago, as it has started itself.
  const threads = Array.from({ length: of }, (_, turn) => new Worker(new URL(import.meta.url), { workerData: { turn, of } }))
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
    await read(address, workerData as Turn)
    parentPort?.postMessage('done')
  })
  parentPort?.postMessage('ready')
}
