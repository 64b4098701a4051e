// Blocks: steps in order, then the yield, then closing. A block that was interrupted skips to its closing, which nothing can interrupt.
import type { Failure } from '../packs/index.ts'
import type { JsonObject } from '../values/index.ts'
import type { Path } from './model.ts'
import { ownBlock } from './own.ts'
import { blockAt, placeOf, stepIn } from './program.ts'
import { type BlockFrame, blockFrame, ROOT, stepFrame } from './state.ts'
import { evaluate, move, report, type Turn } from './turn.ts'
import { rootsOf } from './visible.ts'

interface Entry {
  readonly step: Path
  readonly path: Path
  readonly variant: string
  readonly variables?: JsonObject
  readonly loopKey?: string
  readonly called?: NonNullable<BlockFrame['called']>
}

const newFrame = (path: Path, place: string, variant: string): BlockFrame => ({
  path,
  place,
  variant,
  variables: {},
  phase: 'running',
  next: 0,
  outputs: {},
  yielded: {},
  cancelled: false,
  clean: true,
  owned: [],
})

export function enterRoot(turn: Turn): void {
  turn.state.blocks[ROOT] = newFrame(ROOT, '', 'run')
  move(turn, { kind: 'advance', block: ROOT })
}

/** Starts a body of a compound step. */
export function enterBlock(turn: Turn, { step, path, variant, variables = {}, loopKey, called }: Entry): void {
  const { block: parent, id } = stepFrame(turn.state, step)
  const place = placeOf(blockFrame(turn.state, parent).place, id, variant)
  turn.state.blocks[path] = {
    ...newFrame(path, place, variant),
    step,
    parent,
    variables,
    ...(loopKey === undefined ? {} : { loopKey }),
    ...(called ? { called } : {}),
  }
  move(turn, { kind: 'advance', block: path })
}

/** Path of a step that stands in this block; the run's own steps carry no prefix. */
const stepPath = (block: BlockFrame, id: string): Path => (block.path === ROOT ? id : `${block.path}/${id}`)

/** Starts what comes next in the block; answers the path of the step to start. */
export function advance(turn: Turn, path: Path): Path | undefined {
  const now = blockFrame(turn.state, path)
  if (now.phase === 'closing' || now.phase === 'yielding' || now.active !== undefined) return undefined
  const block = ownBlock(turn, path)
  if (block.failure || block.cancelled) {
    startClosing(turn, block)
    return undefined
  }
  const { steps, yield: fields } = blockAt(turn.program, block)
  if (block.next < steps.length) {
    const next = stepPath(block, stepIn(turn.program, block).id)
    block.active = next
    return next
  }
  if (fields.length > 0) evaluateYield(turn, block)
  else startClosing(turn, block)
  return undefined
}

export function evaluateYield(turn: Turn, block: BlockFrame): void {
  block.phase = 'yielding'
  const templates = blockAt(turn.program, block).yield.map(({ name, value }) => ({ name, template: value }))
  evaluate(turn, `${block.path}?yield`, { kind: 'yield', path: block.path }, { templates, roots: rootsOf(turn.state, block) })
}

export function yieldEvaluated(turn: Turn, path: Path, result: JsonObject | Failure, failed: boolean): void {
  const block = ownBlock(turn, path)
  if (failed) block.failure ??= { ...(result as Failure), path }
  else block.yielded = result as JsonObject
  startClosing(turn, block)
}

function startClosing(turn: Turn, block: BlockFrame): void {
  block.phase = 'closing'
  if (block.owned.length > 0) report(turn, { kind: 'closing', path: block.path, because: endingOf(block) })
  move(turn, { kind: 'close', block: block.path })
}

export const endingOf = (block: BlockFrame): 'done' | 'failed' | 'cancelled' =>
  block.failure ? 'failed' : block.cancelled ? 'cancelled' : 'done'

/** Ends what runs in the block. With a failure the block fails; without, it is cancelled. A closing block is out of reach. */
export function interrupt(turn: Turn, path: Path, failure?: Failure): void {
  const known = turn.state.blocks[path]
  if (!known || known.phase === 'closing') return
  const block = ownBlock(turn, path)
  if (failure) block.failure ??= failure
  else block.cancelled = true
  // What is critical does not wait until the calls under way have ended. [P5]
  move(turn, { kind: 'releaseCritical' })
  if (block.phase === 'yielding') return
  block.phase = 'stopping'
  if (block.active === undefined) move(turn, { kind: 'advance', block: path })
  else move(turn, { kind: 'stop', step: block.active, because: 'cancelled' })
}
