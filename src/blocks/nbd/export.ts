// What a server can serve: the disk behind an export name, as the server sees it.
import type { Extent } from '../model.ts'

/**
 * A disk to serve. Errors thrown by its functions reach the client as an error reply (see `errnoOf` in transmission.ts).
 * A `BlockSource` with `readOnly: true` is one.
 */
export interface NbdExport {
  readonly sizeBytes: number
  readonly readOnly: boolean
  read(offsetBytes: number, into: Buffer): Promise<void>
  /** In order and without gaps; `zero` and `hole` read as zeros, everything else is told to clients as data. */
  extents(offsetBytes: number, lengthBytes: number): Promise<readonly Extent[]>
  /** By name, as QEMU exports them: which extents changed (`data`) and which did not (`unchanged`), in order and without gaps. */
  readonly dirtyBitmaps?: Readonly<Record<string, NbdExport['extents']>>
  /** The data is the server's memory and valid until this settles. */
  write?(offsetBytes: number, data: Buffer): Promise<void>
  zero?(offsetBytes: number, lengthBytes: number): Promise<void>
  flush?(): Promise<void>
  /** When it aborts, the connections of everyone who has this export open are cut, in the middle of a reply if need be. */
  readonly gone?: AbortSignal
}

/** The export behind a name, or nothing; an empty name is the default export. Asked again for each connection. */
export type ResolveExport = (exportName: string) => Promise<NbdExport | undefined>

export const isWritable = (disk: NbdExport): boolean => !disk.readOnly && disk.write !== undefined
