// Questions about a run under way, for those who watch it: which step is that, what encloses it, what would be let go now.
import type { Step } from '../language/index.ts'
import type { Obligation, Path } from './model.ts'
import { type Program, resourceNamed, stepIn } from './program.ts'
import { type BlockFrame, ROOT, type RunState } from './state.ts'

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

/** What is open, in the order in which it would be released if the run ended now: inner blocks first, critical first, newest first. */
export function unwindOrder(program: Program, state: RunState): readonly Obligation[] {
  const depthOf = (path: Path): number => {
    let depth = 0
    for (let block = state.blocks[path]; block && block.path !== ROOT; block = state.blocks[block.parent ?? '']) depth += 1
    return depth
  }
  const rank = (each: Obligation): number => depthOf(each.owner) * 2 + (resourceNamed(program, each.type).critical ? 1 : 0)
  return Object.values(state.obligations)
    .reverse()
    .sort((a, b) => rank(b) - rank(a))
}
