// Lets a disk write while more is being written to its file. Left to itself the kernel begins when a tenth of the memory is to be
// written, so that a restore would wait for nearly all of it at its end. Promises nothing: who needs it durable still syncs.

export interface WriteBack {
  /** So much more was handed to the kernel. */
  wrote(lengthBytes: number): void
  /** When nothing is under way any more. Throws what went wrong at any time before: the kernel tells a write error only once. */
  ended(): Promise<void>
}

const EVERY_BYTES = 64 * 2 ** 20

/** `datasync` makes durable all that was written; never two at once. */
export function createWriteBack(datasync: () => Promise<void>): WriteBack {
  let waitingBytes = 0
  let underWay: Promise<void> | undefined
  let failed: { readonly cause: unknown } | undefined

  async function begin(): Promise<void> {
    try {
      await datasync()
    } catch (cause) {
      failed ??= { cause }
    } finally {
      underWay = undefined
    }
  }

  return {
    wrote(lengthBytes) {
      waitingBytes += lengthBytes
      if (waitingBytes < EVERY_BYTES || underWay) return
      waitingBytes = 0
      underWay = begin()
    },
    async ended() {
      await underWay
      if (failed) throw failed.cause
    },
  }
}
