export {
  alignExtents,
  endOf,
  fillExtents,
  intersectExtents,
  normaliseExtents,
  splitExtents,
  subtractExtents,
  totalBytes,
  unionExtents,
} from './extents.ts'
export type * from './model.ts'
export { type BlockStatus, connectNbd, listNbdExports, type NbdClient, type NbdClientOptions } from './nbd/client.ts'
export { isTransient, NbdError, type NbdErrorKind } from './nbd/error.ts'
export type { NbdExport, ResolveExport } from './nbd/export.ts'
export { type NbdServer, type NbdServerOptions, serveNbd } from './nbd/server.ts'
