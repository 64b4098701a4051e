// Blocks: steps in order and what leaves them. Each verb that has a body is built from these keys.
import type { Block, Step } from '../model.ts'
import type { YamlNode } from '../syntax/index.ts'
import { ids, listOf, mapOf, object, optional, type Read, required, type Shape } from './shape.ts'
import { template, toField } from './values.ts'

/** A step, wherever one may stand; `step.ts` supplies its reading. */
export type StepShape = Shape<Step>

export const stepsOf = (step: StepShape): Shape<readonly Step[]> => listOf(step, 'a list of steps')

export const blockKeys = (step: StepShape) =>
  ({
    steps: required(stepsOf(step), 'The steps, one after the other.'),
    yield: optional(
      mapOf(template, 'a map of results', ids('a result')),
      'What leaves the block: results by name, evaluated at its end, while all that it holds is still held.',
    ),
  }) as const

type BlockRead = Read<ReturnType<typeof blockKeys>>

export const toBlock = (read: BlockRead, node: YamlNode): Block => ({
  steps: read.steps,
  yield: (read.yield ?? []).map(toField),
  span: node.span,
})

export const blockShape = (step: StepShape, where: string): Shape<Block> => {
  const shape = object(where, blockKeys(step))
  return {
    schema: shape.schema,
    read(node, to) {
      const read = shape.read(node, to)
      return read && toBlock(read, node)
    },
  }
}
