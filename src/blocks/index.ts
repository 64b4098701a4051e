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
export { writeWhole } from './file-disk.ts'
export type * from './model.ts'
export {
  connectNbd,
  isTransient,
  type Listening,
  listNbdExports,
  type NbdClient,
  type NbdClientOptions,
  NbdError,
  type NbdErrorKind,
  type NbdExport,
  type NbdNetwork,
  type NbdServer,
  type NbdServerOptions,
  onNetwork,
  type SocketEndpoint,
  serveNbd,
} from './nbd/index.ts'
export { openSink, openSource } from './open.ts'
export { type OverlayOptions, openOverlay } from './overlay.ts'
export { pageMemory } from './page-memory.ts'
export { readRanges } from './read-ranges.ts'
export { type ReconnectOptions, reconnectingSource } from './reconnecting.ts'
export { type Relay, relayStreams } from './relay.ts'
export { createThrottle } from './throttle.ts'
export { isZero, zeroRuns } from './zeros.ts'
