// A runbook joined with what its packs say of its actions and resources: plain data, all that the kernel needs to know.
import type { Block, Runbook, Step, UsesStep } from '../language/index.ts'
import type { Action, Catalogue, ResourceType } from '../packs/index.ts'
import type { BlockFrame } from './state.ts'

export interface Program {
  readonly name: string
  readonly version: string
  /** The run itself as a block: its yield are the outputs. */
  readonly root: Block
  /** Pack by alias. */
  readonly packs: Readonly<Record<string, string>>
  /** By qualified name: every action a step calls and every action a resource type needs. */
  readonly actions: Readonly<Record<string, Action>>
  readonly resources: Readonly<Record<string, ResourceType>>
}

/** Joins a checked runbook with the catalogue. Throws where a name does not resolve: check reports that to people first. */
export function link(runbook: Runbook, catalogue: Catalogue): Program {
  const packs: Record<string, string> = { core: 'core' }
  for (const use of runbook.uses) packs[use.alias] = use.pack
  const actions: Record<string, Action> = {}
  const resources: Record<string, ResourceType> = {}

  const needAction = (name: string): void => {
    if (actions[name]) return
    const action = catalogue.action(name)
    if (!action) throw new Error(`the packs hold no action ${name}`)
    actions[name] = action
    if (action.resource !== undefined) needResource(action.resource)
  }
  const needResource = (name: string): void => {
    if (resources[name]) return
    const resource = catalogue.resource(name)
    if (!resource) throw new Error(`the packs hold no resource type ${name}`)
    resources[name] = resource
    const { find, probe, lease, release } = resource
    for (const needed of [find, probe, lease?.renew, release.action]) if (needed !== undefined) needAction(needed)
  }

  const root: Block = { steps: runbook.steps, yield: runbook.outputs, span: runbook.span }
  for (const step of everyStep(root)) if (step.kind === 'uses') needAction(qualify(packs, step.action))
  return { name: runbook.name, version: runbook.version, root, packs, actions, resources }
}

function qualify(packs: Readonly<Record<string, string>>, action: string): string {
  const slash = action.indexOf('/')
  const alias = action.slice(0, slash)
  return `${packs[alias] ?? alias}/${action.slice(slash + 1)}`
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
    case 'uses':
    case 'wait':
    case 'end':
    case 'fail':
      return []
  }
}

function* everyStep(block: Block): Generator<Step> {
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

export function actionOf(program: Program, step: UsesStep): Action {
  return actionNamed(program, qualify(program.packs, step.action))
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
