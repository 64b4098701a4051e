// One walk over a runbook: which step stands where, and what each expression can see from its place. It judges nothing.
import { isObject, type Json, type JsonSchema } from '../../values/index.ts'
import { type ActionView, type CatalogueView, qualify, resolveUses } from '../catalogue.ts'
import type { Block, Field, Runbook, Step, Template, UsesStep } from '../model.ts'
import {
  eitherOf,
  fieldsType,
  itemsOf,
  listOf,
  type RootTypes,
  record,
  type StaticType,
  TEXT,
  TRUTH,
  typeOf,
} from './static-type.ts'

/** What can be seen from one place in the document. */
export interface Sight {
  /** This block and those around it, innermost first. */
  readonly blocks: readonly Place[]
  /** The step itself and those around it, outermost first. */
  readonly around: readonly Step[]
  readonly roots: RootTypes
}

/** A place in a block: before it stand the first `at` steps. */
export interface Place {
  readonly steps: readonly Step[]
  readonly indexById: ReadonlyMap<string, number>
  readonly at: number
}

/** The step of that id that has run by then, here or in a block around. */
export function earlierStep({ blocks }: Sight, id: string): Step | undefined {
  for (const { steps, indexById, at } of blocks) {
    const index = indexById.get(id) ?? at
    if (index < at) return steps[index]
  }
  return undefined
}

/** The step of that id that will run later, here or in a block around. */
export function laterStep({ blocks }: Sight, id: string): Step | undefined {
  for (const { steps, indexById, at } of blocks) {
    const index = indexById.get(id) ?? at
    if (index > at) return steps[index]
  }
  return undefined
}

/** Every step that has run by then and can be seen. */
export const earlierSteps = ({ blocks }: Sight): readonly Step[] => blocks.flatMap(({ steps, at }) => steps.slice(0, at))

export interface Site {
  readonly template: Template
  readonly sight: Sight
  /** Evaluated when the block ends, right before it releases what it owns. */
  readonly leaves?: true
}

export interface Visit {
  readonly step: Step
  /** From the step itself: `around` ends with it. */
  readonly sight: Sight
}

export interface Call {
  readonly step: UsesStep
  readonly sight: Sight
  /** Qualified. */
  readonly name: string
  readonly action: ActionView
}

export interface Survey {
  readonly runbook: Runbook
  readonly catalogue: CatalogueView
  /** Pack by alias. */
  readonly packs: Readonly<Record<string, string>>
  readonly broken: ReadonlySet<string>
  readonly visits: readonly Visit[]
  readonly calls: readonly Call[]
  readonly sites: readonly Site[]
}

export function survey(runbook: Runbook, catalogue: CatalogueView, broken: ReadonlySet<string>): Survey {
  const packs = resolveUses(runbook, catalogue.packs)
  const walk: Walk = { catalogue, packs, visits: [], calls: [], sites: [] }
  const sight: Sight = { blocks: [], around: [], roots: rootTypes(runbook, packs) }
  walkBlock({ steps: runbook.steps, yield: runbook.outputs, span: runbook.span }, sight, walk)
  return { runbook, broken, ...walk }
}

interface Walk {
  readonly catalogue: CatalogueView
  readonly packs: Readonly<Record<string, string>>
  readonly visits: Visit[]
  readonly calls: Call[]
  readonly sites: Site[]
}

function rootTypes(runbook: Runbook, packs: Readonly<Record<string, string>>): RootTypes {
  const targets = runbook.targets.map(({ name, alias, connection }): [string, JsonSchema] => [
    name,
    { ...record({}), 'x-connection': `${packs[alias] ?? alias}/${connection}` },
  ])
  return {
    inputs: runbook.inputs ?? record({}),
    targets: record(Object.fromEntries(targets)),
    run: record({ id: TEXT, startedAt: TEXT }),
    steps: record({}),
  }
}

/** Answers the type of what the block yields. */
function walkBlock(block: Block, outer: Sight, walk: Walk): JsonSchema {
  const { steps } = block
  const indexById = new Map(steps.map(({ id }, index) => [id, index] as const).toReversed())
  const known = isObject(outer.roots.steps?.properties) ? outer.roots.steps.properties : {}
  // Grows from step to step: one object per block, lest a long runbook cost its length squared.
  const types: Record<string, Json> = { ...known }
  const roots: RootTypes = { ...outer.roots, steps: { type: 'object', additionalProperties: false, properties: types } }
  const from = (at: number): Sight => ({ ...outer, blocks: [{ steps, indexById, at }, ...outer.blocks], roots })
  for (const [at, step] of steps.entries()) {
    const sight: Sight = { ...from(at), around: [...outer.around, step] }
    walk.visits.push({ step, sight })
    types[step.id] = walkStep(step, sight, walk) ?? {}
  }
  const end = from(steps.length)
  note(block.yield, end, walk)
  return fieldsType(block.yield, roots)
}

const note = (fields: readonly Field[], sight: Sight, walk: Walk): void => {
  for (const { value } of fields) walk.sites.push({ template: value, sight, leaves: true })
}

/** Answers the type of the step's output; every step has `skipped`. */
function walkStep(step: Step, sight: Sight, walk: Walk): StaticType {
  const see = (template: Template | undefined, from: Sight = sight): void => {
    if (template) walk.sites.push({ template, sight: from })
  }
  see(step.if)
  switch (step.kind) {
    case 'uses':
      return withSkipped(walkUses(step, sight, walk))
    case 'scope': {
      see(step.lock)
      see(step.onDirtyClose)
      const done = walkBlock(step.body, sight, walk)
      if (!step.catch) return withSkipped(eitherOf([done, record({ clean: TRUTH })]))
      const caught = walkBlock(step.catch.body, withRoot(sight, 'error', ERROR), walk)
      return withSkipped(eitherOf([done, caught, record({ clean: TRUTH })]))
    }
    case 'foreach': {
      see(step.in)
      see(step.concurrency)
      const item = itemsOf(typeOf(step.in, sight.roots))
      const inside = withRoot(sight, step.as, item)
      see(step.key, inside)
      return withSkipped(gathered(walkBlock(step.body, inside, walk)))
    }
    case 'parallel': {
      const branches = step.branches.map(({ name, body }): [string, JsonSchema] => [name, walkBlock(body, sight, walk)])
      return withSkipped(
        step.onError === 'collect' ? gathered(eitherOf(branches.map(([, type]) => type))) : record(Object.fromEntries(branches)),
      )
    }
    case 'switch': {
      see(step.on)
      const bodies = [...step.cases.map(({ body }) => body), ...(step.else ? [step.else] : [])]
      return withSkipped(eitherOf(bodies.map((body) => walkBlock(body, sight, walk))))
    }
    case 'wait':
      see(step.value)
      return withSkipped(record({}))
    case 'fail':
      see(step.message)
      return withSkipped(record({}))
    case 'end':
      return withSkipped(record({}))
  }
}

function walkUses(step: UsesStep, sight: Sight, walk: Walk): StaticType {
  walk.sites.push({ template: step.with, sight })
  const name = qualify(walk.packs, step.action)
  const action = name === undefined ? undefined : walk.catalogue.action(name)
  if (step.until) walk.sites.push({ template: step.until, sight: withRoot(sight, 'result', action?.output) })
  if (name === undefined || action === undefined) return undefined
  walk.calls.push({ step, sight, name, action })
  if (action.effect !== 'acquire') return action.output
  const handle: JsonSchema = {
    type: 'object',
    ...(action.resource === undefined ? {} : { 'x-resource': [action.resource] }),
    ...(step.release === 'onFailure' ? {} : { 'x-owner': step.owner ?? sight.around.at(-2)?.id ?? 'the run' }),
  }
  return withProperty(action.output, 'handle', handle)
}

const ERROR = record({ type: TEXT, message: TEXT, path: TEXT, detail: undefined })

const withRoot = (sight: Sight, name: string, type: StaticType): Sight => ({ ...sight, roots: { ...sight.roots, [name]: type } })

const withSkipped = (type: StaticType): StaticType => withProperty(type, 'skipped', TRUTH)

const withProperty = (type: StaticType, name: string, property: JsonSchema): StaticType =>
  type && isObject(type.properties) ? { ...type, properties: { ...type.properties, [name]: property } } : type

const gathered = (value: StaticType): JsonSchema =>
  record({ ok: listOf(record({ key: TEXT, value })), failed: listOf(record({ key: TEXT, error: ERROR })) })
