// Frees a large buffer at once. V8 lets up to 64 MiB of dead buffers gather in each thread before it looks; a backup makes that every fifth of a second.

/** Smaller ones may share Node's pool, and do not matter. */
const OWN_BYTES = 2 * Buffer.poolSize

/** The caller must hold the only view of the buffer's memory; it must not be touched afterwards. */
export function release(buffer: Buffer): void {
  if (buffer.buffer instanceof ArrayBuffer && buffer.buffer.byteLength >= OWN_BYTES) buffer.buffer.transfer(0)
}

/** The most that glibc takes for an example (DEFAULT_MMAP_THRESHOLD_MAX), less what it adds. */
const EXAMPLE_BYTES = 31 * 2 ** 20

/**
 * For a thread that makes and releases large buffers all the time, once. glibc gives memory that lies free at the end back to the kernel, which has to clear
 * the same pages for the next buffer: a tenth of what a backup costs. How much it keeps follows the largest buffer freed so far (mallopt(3), M_MMAP_THRESHOLD),
 * so one is freed, untouched. With another C library nothing happens.
 */
export function keepReleased(): void {
  release(Buffer.allocUnsafeSlow(EXAMPLE_BYTES))
}
