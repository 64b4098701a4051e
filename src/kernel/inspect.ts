// Questions about a run under way, for those who watch it: which step is that, and what encloses it.
import type { Step } from '../language/index.ts'
import type { Path } from './model.ts'
import { type Program, stepIn } from './program.ts'
import type { BlockFrame, RunState } from './state.ts'

/** The document's step that is under way at this path. */
export function stepAt(program: Program, state: RunState, path: Path): Step | undefined {
  const block = state.blocks[state.steps[path]?.block ?? '']
  return block && stepIn(program, block)
}

/** Path of the step that a block is a body of; undefined for the run itself. */
export const stepOfBlock = (state: RunState, block: Path): Path | undefined => state.blocks[block]?.step

/** Paths of the compound steps around a step under way, innermost first. */
export function enclosingSteps(state: RunState, path: Path): readonly Path[] {
  const around: Path[] = []
  let block: BlockFrame | undefined = state.blocks[state.steps[path]?.block ?? '']
  for (; block?.step !== undefined; block = state.blocks[block.parent ?? '']) around.push(block.step)
  return around
}
