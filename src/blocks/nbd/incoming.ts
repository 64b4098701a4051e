// Bytes from a client, taken in whole pieces; what nobody takes stays in the kernel, which slows the client down.
import type { Readable } from 'node:stream'

export interface Incoming {
  /** The next `count` bytes; undefined when the client went away first. One call at a time. */
  take(count: number): Promise<Buffer | undefined>
  /** Reads no more; what arrived stays in the stream. */
  close(): void
}

export function createIncoming(stream: Readable): Incoming {
  let wake: (() => void) | undefined
  const onChange = () => wake?.()
  for (const event of EVENTS) stream.on(event, onChange)
  return {
    take: async (count) => {
      if (count === 0) return Buffer.alloc(0)
      for (;;) {
        const bytes: Buffer | null = stream.read(count)
        // At its end a stream hands out what is left, however little.
        if (bytes) return bytes.length === count ? bytes : undefined
        if (stream.readableEnded || stream.destroyed) return undefined
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    close: () => {
      for (const event of EVENTS) stream.off(event, onChange)
    },
  }
}

const EVENTS = ['readable', 'end', 'close'] as const
