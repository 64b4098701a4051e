// Two ends of one connection within this process: what one writes the other reads, and neither outlives the other.
import { Duplex } from 'node:stream'

/** `carry` brings each piece that the far end writes to the near end, in order; undefined is lost. */
export function streamPair(carry: (piece: Buffer) => Promise<Buffer | undefined>): {
  readonly near: Duplex
  readonly far: Duplex
} {
  const near: Duplex = end(
    () => far,
    (piece) => piece,
  )
  const far: Duplex = end(() => near, carry)
  return { near, far }
}

function end(other: () => Duplex, carry: (piece: Buffer) => Buffer | undefined | Promise<Buffer | undefined>): Duplex {
  let said = false
  const sayEnd = (): void => {
    if (!said && !other().destroyed) other().push(null)
    said = true
  }
  return new Duplex({
    allowHalfOpen: false,
    read() {},
    async write(piece: Buffer, _encoding, done) {
      const carried = await carry(piece)
      // The reader may keep it, and who wrote it may write over it.
      if (carried && !said && !other().destroyed) other().push(Buffer.from(carried))
      done()
    },
    final(done) {
      sayEnd()
      done()
    },
    destroy(error, done) {
      sayEnd()
      done(error)
    },
  })
}
