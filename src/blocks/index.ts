export { type BlockConsumer, type CopyProgress, copyBlocks } from './copy.ts'
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
export {
  connectNbd,
  isTransient,
  listNbdExports,
  type NbdClient,
  type NbdClientOptions,
  NbdError,
  type NbdErrorKind,
  type NbdExport,
  type NbdServer,
  type NbdServerOptions,
  serveNbd,
} from './nbd/index.ts'
export { openSink, openSource } from './open.ts'
export { readRanges } from './read-ranges.ts'
export { type ReconnectOptions, reconnectingSource } from './reconnecting.ts'
export { createThrottle } from './throttle.ts'
export { isZero } from './zeros.ts'
