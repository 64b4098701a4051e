// Which blocks of a disk are in which state, where most are in the first one: memory grows with what was touched, not with the disk.

const STATES = ['below', 'written', 'zero'] as const
export type BlockState = (typeof STATES)[number]
type Code = number

export interface BlockStates {
  of(block: number): BlockState
  /** The state of a block, and the block up to which it stays so at least. */
  runFrom(block: number): { readonly state: BlockState; readonly until: number }
  /** All blocks before `until`. */
  set(from: number, until: number, state: BlockState): void
}

/** Blocks in a segment: those of one state throughout take a number, others an array. */
const SEGMENT_BLOCKS = 4096

/** All of them are `below` at first. */
export function createBlockStates(blocks: number): BlockStates {
  const segments = new Map<number, Code | Uint8Array>()
  const wordOf = (code: Code | undefined): BlockState => STATES[code ?? 0] ?? 'below'

  function setIn(segment: number, from: number, until: number, code: Code): void {
    if (until - from === SEGMENT_BLOCKS) {
      segments.set(segment, code)
      return
    }
    const known = segments.get(segment) ?? 0
    if (known === code) return
    const codes = typeof known === 'number' ? new Uint8Array(SEGMENT_BLOCKS).fill(known) : known
    codes.fill(code, from, until)
    segments.set(segment, codes)
  }

  return {
    of: (block) => {
      const known = segments.get(Math.floor(block / SEGMENT_BLOCKS))
      return wordOf(typeof known === 'object' ? known[block % SEGMENT_BLOCKS] : known)
    },
    runFrom: (block) => {
      const segment = Math.floor(block / SEGMENT_BLOCKS)
      const known = segments.get(segment)
      const end = Math.min((segment + 1) * SEGMENT_BLOCKS, blocks)
      if (typeof known !== 'object') return { state: wordOf(known), until: end }
      const code = known[block % SEGMENT_BLOCKS]
      let until = block + 1
      while (until < end && known[until % SEGMENT_BLOCKS] === code) until += 1
      return { state: wordOf(code), until }
    },
    set: (from, until, state) => {
      const code = STATES.indexOf(state)
      for (let at = from; at < until; ) {
        const segment = Math.floor(at / SEGMENT_BLOCKS)
        const stop = Math.min(until, (segment + 1) * SEGMENT_BLOCKS)
        setIn(segment, at - segment * SEGMENT_BLOCKS, stop - segment * SEGMENT_BLOCKS, code)
        at = stop
      }
    },
  }
}
