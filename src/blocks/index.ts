export { type BlockConsumer, type CopyOptions, type CopyProgress, type CopyResult, copyBlocks } from './copy.ts'
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
  type BlockStatus,
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
  type ResolveExport,
  serveNbd,
} from './nbd/index.ts'
export { type OpenSinkOptions, type OpenSourceOptions, openSink, openSource } from './open.ts'
export { type Range, type ReadRange, type ReadRangesOptions, readRanges } from './read-ranges.ts'
export { type ReconnectOptions, reconnectingSource } from './reconnecting.ts'
export { createThrottle, type Throttle, type ThrottleClock } from './throttle.ts'
export { isZero } from './zeros.ts'
