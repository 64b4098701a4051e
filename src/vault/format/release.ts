// Frees a large buffer at once. V8 lets up to 64 MiB of dead buffers gather in each thread before it looks; a backup makes that every fifth of a second.

/** Smaller ones may share Node's pool, and do not matter. */
const OWN_BYTES = 2 * Buffer.poolSize

/** The caller must hold the only view of the buffer's memory; it must not be touched afterwards. */
export function release(buffer: Buffer): void {
  if (buffer.buffer instanceof ArrayBuffer && buffer.buffer.byteLength >= OWN_BYTES) buffer.buffer.transfer(0)
}
