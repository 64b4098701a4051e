// However a server cuts, orders and interleaves its replies, and however the network cuts the bytes, reads get what was sent.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Pending } from '../../src/blocks/nbd/pending.ts'
import { createReplies } from '../../src/blocks/nbd/replies.ts'
import { deliver } from '../../src/blocks/nbd/transport.ts'
import { chunk, data, simple, u32, u64 } from '../blocks/lying-server.ts'

interface Read {
  readonly offsetBytes: number
  readonly content: Buffer
  /** Lengths of the chunks that answer it, and which of them are holes. */
  readonly cuts: readonly { readonly lengthBytes: number; readonly hole: boolean }[]
}

const read: fc.Arbitrary<Read> = fc
  .record({
    offsetBytes: fc.nat(2 ** 40),
    cuts: fc.array(fc.record({ lengthBytes: fc.integer({ min: 1, max: 30_000 }), hole: fc.boolean() }), {
      minLength: 1,
      maxLength: 5,
    }),
    seed: fc.nat(255),
  })
  .map(({ offsetBytes, cuts, seed }) => {
    const parts = cuts.map(({ lengthBytes, hole }, index) => Buffer.alloc(lengthBytes, hole ? 0 : (seed + index) % 255))
    return { offsetBytes, cuts, content: Buffer.concat(parts) }
  })

const cookieOf = (index: number): Buffer => u64(index + 1)

/** The chunks of one read in an order of their own; the last of that order says that it is done. */
function chunksOf({ offsetBytes, content, cuts }: Read, index: number, order: (count: number) => number[]): Buffer[] {
  let from = 0
  const pieces = cuts.map(({ lengthBytes, hole }) => {
    from += lengthBytes
    return { from: from - lengthBytes, to: from, hole }
  })
  return order(pieces.length).map((at, position) => {
    const piece = pieces[at] ?? { from: 0, to: 0, hole: false }
    const done = position === pieces.length - 1
    const where = offsetBytes + piece.from
    return piece.hole
      ? chunk(cookieOf(index), 2, Buffer.concat([u64(where), u32(piece.to - piece.from)]), done)
      : data(cookieOf(index), where, content.subarray(piece.from, piece.to), done)
  })
}

/** Parses a stream in fragments; the outcome of each read. */
function receive(reads: readonly Read[], stream: Buffer, fragments: readonly number[], structured: boolean) {
  const requests = new Map<number, Pending>()
  const outcomes = reads.map(({ offsetBytes, content }, index) => {
    const into = Buffer.alloc(content.length, 0xff)
    const outcome = { into, resolved: 0, error: undefined as unknown }
    requests.set(index + 1, {
      command: 0,
      offsetBytes,
      lengthBytes: content.length,
      into,
      resolve: () => {
        outcome.resolved += 1
      },
      reject: (error) => {
        outcome.error = error
      },
    })
    return outcome
  })
  const replies = createReplies(
    requests,
    structured,
    (error) => expect.fail(error.message),
    () => {},
  )
  for (let at = 0, turn = 0; at < stream.length; turn += 1) {
    const to = Math.min(at + (fragments[turn % fragments.length] ?? 1), stream.length)
    deliver(replies, stream.subarray(at, to))
    at = to
  }
  return { outcomes, left: requests.size }
}

const fragments = fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 8 })
const reads = fc.array(read, { minLength: 1, maxLength: 6 })
const shuffler = fc.infiniteStream(fc.nat())

describe('replies', () => {
  it('structured ones reach their reads in any order, cut anywhere', () => {
    fc.assert(
      fc.property(reads, fragments, shuffler, (all, cuts, random) => {
        const order = (count: number): number[] =>
          Array.from({ length: count }, (_, index) => ({ index, key: random.next().value as number }))
            .sort((a, b) => a.key - b.key)
            .map(({ index }) => index)
        const queues = all.map((one, index) => chunksOf(one, index, order))
        const sent: Buffer[] = []
        while (queues.some((queue) => queue.length > 0)) {
          const waiting = queues.filter((queue) => queue.length > 0)
          const next = waiting[(random.next().value as number) % waiting.length]?.shift()
          if (next) sent.push(next)
        }
        const { outcomes, left } = receive(all, Buffer.concat(sent), cuts, true)
        expect(left).toBe(0)
        outcomes.forEach((outcome, index) => {
          expect(outcome.error).toBeUndefined()
          expect(outcome.resolved).toBe(1)
          expect(outcome.into.equals(all[index]?.content ?? Buffer.alloc(0))).toBe(true)
        })
      }),
      { numRuns: 60 },
    )
  })

  it('simple ones too', () => {
    fc.assert(
      fc.property(reads, fragments, (all, cuts) => {
        const stream = Buffer.concat(all.flatMap(({ content }, index) => [simple(cookieOf(index), 0), content]))
        const { outcomes, left } = receive(all, stream, cuts, false)
        expect(left).toBe(0)
        for (const [index, outcome] of outcomes.entries())
          expect(outcome.into.equals(all[index]?.content ?? Buffer.alloc(0))).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('of pure noise break the connection at most once, and nothing is thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (noise, structured) => {
        let broken = 0
        const requests = new Map<number, Pending>()
        const replies = createReplies(
          requests,
          structured,
          () => {
            broken += 1
          },
          () => {},
        )
        deliver(replies, Buffer.from(noise))
        deliver(replies, Buffer.from(noise))
        expect(broken).toBeLessThanOrEqual(1)
      }),
    )
  })
})
