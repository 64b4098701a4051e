// Memory for blocks that begins where a page begins. The kernel copies a file into it at twice the speed of what `Buffer` offers:
// that lies 16 bytes behind the beginning of a page, where AMD's processors copy slowly (docs/performance.md). It knows no disk.

/** So many buffers, each of a multiple of 4 KiB, one behind the other. Their content is zero; only what is touched takes memory. */
export function pageMemory(count: number, lengthBytes: number): Buffer[] {
  // Memory that could grow is reserved in pages, so it begins with one. This one never grows.
  const totalBytes = count * lengthBytes
  const memory = new ArrayBuffer(totalBytes, { maxByteLength: totalBytes })
  return Array.from({ length: count }, (_, i) => Buffer.from(memory, i * lengthBytes, lengthBytes))
}
