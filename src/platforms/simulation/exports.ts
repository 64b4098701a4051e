// Simulated disks as NBD exports: bytes in place of a vendor's library. What a name stands for is each simulator's own.
import type { NbdExport } from '../../blocks/index.ts'
import type { SparseView } from './sparse-disk.ts'

interface Writable extends SparseView {
  write(offsetBytes: number, data: Buffer): void
}

/** Who reads it is cut off once it is `gone`. */
export const readableExport = (view: SparseView, gone?: AbortSignal): NbdExport => ({
  sizeBytes: view.sizeBytes,
  readOnly: true,
  read: async (offsetBytes, into) => view.read(offsetBytes, into),
  extents: async (offsetBytes, lengthBytes) => view.extents(offsetBytes, lengthBytes),
  ...(gone ? { gone } : {}),
})

export const writableExport = (disk: Writable, gone?: AbortSignal): NbdExport => ({
  ...readableExport(disk, gone),
  readOnly: false,
  write: async (offsetBytes, data) => disk.write(offsetBytes, data),
  zero: async (offsetBytes, lengthBytes) => disk.write(offsetBytes, Buffer.alloc(lengthBytes)),
  flush: async () => {},
})
