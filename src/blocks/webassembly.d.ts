// The part of WebAssembly's JavaScript interface that is used here; TypeScript has it among the browser's types only.
declare namespace WebAssembly {
  class Memory {
    /** In pages of 64 KiB. */
    constructor(size: { readonly initial: number; readonly maximum: number })
    readonly buffer: ArrayBuffer
  }
}
