// Memory for blocks that begins where a page begins. The kernel copies a file or a socket into it at twice the speed of what `Buffer` offers:
// that lies 16 bytes behind the beginning of a page, where AMD's processors copy slowly (docs/performance.md). It knows no disk.

const WASM_PAGE_BYTES = 2 ** 16

/** So many buffers, each of a multiple of 4 KiB, one behind the other. Their content is zero; only what is touched takes memory. */
export function pageMemory(count: number, lengthBytes: number): Buffer[] {
  // The one memory that JavaScript can have at the beginning of a page.
  const pages = Math.ceil((count * lengthBytes) / WASM_PAGE_BYTES)
  const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages })
  return Array.from({ length: count }, (_, i) => Buffer.from(buffer, i * lengthBytes, lengthBytes))
}
