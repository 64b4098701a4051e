// From a disk's address, which is plain data, to an open source or sink.

import { type FileSinkOptions, openFileSink, openFileSource } from './file-disk.ts'
import type { BlockSink, BlockSource, DiskAddress } from './model.ts'
import { type NbdDiskOptions, openNbdSink, openNbdSource } from './nbd-disk.ts'
import { RECONNECT, type ReconnectOptions, reconnectingSource } from './reconnecting.ts'

export interface OpenSourceOptions extends NbdDiskOptions {
  /** How to survive broken connections; `false` for not at all. */
  readonly reconnect?: ReconnectOptions | false
}

export type OpenSinkOptions = NbdDiskOptions & FileSinkOptions

/** Opens a disk for reading. The signal ends what is under way on the network. Fails with an `NbdError` or a system error. */
export function openSource(address: DiskAddress, options: OpenSourceOptions = {}): Promise<BlockSource> {
  switch (address.kind) {
    case 'nbd':
    case 'nbd-unix': {
      const { reconnect = RECONNECT, signal } = options
      const open = () => openNbdSource(address, options)
      return reconnect ? reconnectingSource(open, signal ? { signal, ...reconnect } : reconnect) : open()
    }
    case 'file':
      return openFileSource(address.path)
    default:
      return address satisfies never
  }
}

/** Opens a disk for writing. A file that is not there is created when the size is given. */
export async function openSink(address: DiskAddress, options: OpenSinkOptions = {}): Promise<BlockSink> {
  switch (address.kind) {
    case 'nbd':
    case 'nbd-unix':
      return sized(await openNbdSink(address, options), options.sizeBytes)
    case 'file':
      return openFileSink(address.path, options)
    default:
      return address satisfies never
  }
}

/** An export may be larger than the disk, as block devices come in fixed sizes; never smaller. */
async function sized(sink: BlockSink, sizeBytes = 0): Promise<BlockSink> {
  if (sink.sizeBytes >= sizeBytes) return sink
  await sink[Symbol.asyncDispose]()
  throw new RangeError(`The target has ${sink.sizeBytes} bytes where the disk has ${sizeBytes}`)
}
