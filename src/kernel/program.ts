// A runbook joined with what its packs say of its actions and resources: plain data, all that the kernel needs to know.
// `link.ts` makes one.
import type { Block, Runbook, RunbookStep, Step, UsesStep } from '../language/index.ts'
import type { Action, ResourceType } from '../packs/index.ts'
import type { JsonSchema } from '../values/index.ts'
import type { EvaluateCommand } from './model.ts'
import type { BlockFrame } from './state.ts'

export interface Program {
  readonly name: string
  readonly version: string
  /** The run itself as a block: its yield are the outputs. */
  readonly root: Block
  /** With qualified connection types. */
  readonly targets: readonly { readonly name: string; readonly connection: string }[]
  /** By qualified name: every action a step calls and every action a resource type needs. */
  readonly actions: Readonly<Record<string, Action>>
  readonly resources: Readonly<Record<string, ResourceType>>
}

/** The blocks inside a step, by the name that tells them apart. */
export function bodiesOf(step: Step): readonly (readonly [variant: string, body: Block])[] {
  switch (step.kind) {
    case 'scope':
      return step.catch
        ? [
            ['body', step.body],
            ['catch', step.catch.body],
          ]
        : [['body', step.body]]
    case 'foreach':
      return [['body', step.body]]
    case 'parallel':
      return step.branches.map((branch) => [branch.name, branch.body] as const)
    case 'switch':
      return [...step.cases.map((each) => [each.value, each.body] as const), ...(step.else ? [['else', step.else] as const] : [])]
    case 'runbook':
      return [['body', bodyOfCall(step)]]
    case 'uses':
    case 'wait':
    case 'approve':
    case 'end':
    case 'fail':
      return []
  }
}

/** What a call of a runbook runs. */
export function bodyOfCall(step: RunbookStep): Block {
  const { steps, outputs, span } = calledBy(step)
  return { steps, yield: outputs, span }
}

export function calledBy({ runbook, called }: RunbookStep): Runbook {
  if (!called) throw new Error(`${runbook} is not linked`)
  return called
}

export function* everyStep(block: Block): Generator<Step> {
  for (const step of block.steps) {
    yield step
    for (const [, body] of bodiesOf(step)) yield* everyStep(body)
  }
}

/** Position of a block in the document, without loop keys: `backup.body/vms.body`. */
type Place = string
const ROOT_PLACE: Place = ''

const placesByProgram = new WeakMap<Program, ReadonlyMap<Place, Block>>()

function placesOf(program: Program): ReadonlyMap<Place, Block> {
  const known = placesByProgram.get(program)
  if (known) return known
  const places = new Map<Place, Block>()
  const visit = (place: Place, block: Block): void => {
    places.set(place, block)
    for (const step of block.steps) for (const [variant, body] of bodiesOf(step)) visit(placeOf(place, step.id, variant), body)
  }
  visit(ROOT_PLACE, program.root)
  placesByProgram.set(program, places)
  return places
}

export const placeOf = (outer: Place, step: string, variant: string): Place => `${outer}/${step}.${variant}`

/** The document's block that a frame is running. */
export function blockAt(program: Program, frame: BlockFrame): Block {
  const block = placesOf(program).get(frame.place)
  if (!block) throw new Error(`no block at ${frame.place}`)
  return block
}

/** The document's step that a block has under way. */
export function stepIn(program: Program, frame: BlockFrame): Step {
  const step = blockAt(program, frame).steps[frame.next]
  if (!step) throw new Error(`block ${frame.path} has no step under way`)
  return step
}

/** What the command's value named `with` is made to fit, and whose it is. */
export function inputSchemaOf(
  program: Program,
  { inputOf, inputsOf }: Pick<EvaluateCommand, 'inputOf' | 'inputsOf'>,
): { readonly of: string; readonly schema: JsonSchema } | undefined {
  if (inputsOf) return { of: inputsOf.runbook, schema: inputsOf.schema }
  return inputOf === undefined ? undefined : { of: inputOf, schema: actionNamed(program, inputOf).input }
}

export function actionOf(program: Program, step: UsesStep): Action {
  return actionNamed(program, step.action)
}

export function actionNamed(program: Program, name: string): Action {
  const action = program.actions[name]
  if (!action) throw new Error(`the program holds no action ${name}`)
  return action
}

export function resourceNamed(program: Program, name: string): ResourceType {
  const resource = program.resources[name]
  if (!resource) throw new Error(`the program holds no resource type ${name}`)
  return resource
}
