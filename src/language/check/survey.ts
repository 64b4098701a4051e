// One walk over a runbook: which step stands where, and what each expression can see from its place. It judges nothing.
import type { JsonSchema } from '../../values/index.ts'
import { type ActionView, type CatalogueView, qualify, resolveUses } from '../catalogue.ts'
import type { Block, Runbook, RunbookStep, Step, Template, UsesStep } from '../model.ts'
import {
  conditionsIn,
  elementsOf,
  factsOfSource,
  fromSchema,
  listOf,
  NEVER,
  narrowedWithin,
  type ObjectType,
  optional,
  present,
  record,
  TEXT,
  TRUTH,
  type Type,
  UNKNOWN,
  union,
  unionOf,
  withFacts,
  withoutName,
} from '../types/index.ts'
import { handedTo, THE_RUN } from './handed.ts'
import { type From, fieldsType, typeOf } from './inference.ts'

/** What can be seen from one place in the document. */
export interface Sight extends From {
  /** This block and those around it, innermost first. */
  readonly blocks: readonly Place[]
  /** The step itself and those around it, outermost first. */
  readonly around: readonly Step[]
  /** Conditions that hold here, each as `conditionsIn` prints it. */
  readonly held: readonly string[]
  /** Loop variables that hide another of the same name. */
  readonly hidden: readonly string[]
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

export interface SeenBlock {
  readonly block: Block
  /** From its end. */
  readonly sight: Sight
}

export interface Call {
  readonly step: UsesStep
  readonly sight: Sight
  /** Qualified. */
  readonly name: string
  readonly action: ActionView
}

export interface RunbookCall {
  readonly step: RunbookStep
  readonly sight: Sight
  /** The one that is called. */
  readonly runbook: Runbook
}

export interface Survey {
  readonly runbook: Runbook
  readonly catalogue: CatalogueView
  /** Pack by alias. */
  readonly packs: Readonly<Record<string, string>>
  /** `Draft.broken`. */
  readonly broken: ReadonlyMap<string, string>
  readonly visits: readonly Visit[]
  readonly calls: readonly Call[]
  readonly runbookCalls: readonly RunbookCall[]
  readonly outputs: Type
  readonly sites: readonly Site[]
  readonly blocks: readonly SeenBlock[]
}

export function survey(runbook: Runbook, catalogue: CatalogueView, broken: ReadonlyMap<string, string>): Survey {
  const packs = resolveUses(runbook, catalogue.packs)
  const walk: Walk = { catalogue, packs, visits: [], calls: [], runbookCalls: [], sites: [], blocks: [] }
  const sight: Sight = { blocks: [], around: [], roots: rootTypes(runbook, packs), facts: [], held: [], hidden: [] }
  const outputs = walkBlock({ steps: runbook.steps, yield: runbook.outputs, span: runbook.span }, sight, walk)
  return { runbook, broken, outputs, ...walk }
}

interface Walk {
  readonly catalogue: CatalogueView
  readonly packs: Readonly<Record<string, string>>
  readonly visits: Visit[]
  readonly calls: Call[]
  readonly runbookCalls: RunbookCall[]
  readonly sites: Site[]
  readonly blocks: SeenBlock[]
}

function rootTypes(runbook: Runbook, packs: Readonly<Record<string, string>>): Sight['roots'] {
  const targets = runbook.targets.map(({ name, alias, connection }): [string, Type] => [
    name,
    { object: { properties: {}, connections: [`${packs[alias] ?? alias}/${connection}`] } },
  ])
  return {
    inputs: runbook.inputs ? fromSchema(runbook.inputs, { defaults: true }) : record({}),
    targets: record(Object.fromEntries(targets)),
    run: record({ id: TEXT, startedAt: TEXT }),
    steps: record({}),
  }
}

/** Answers the type of what the block yields. */
function walkBlock(block: Block, outer: Sight, walk: Walk): Type {
  const { steps } = block
  const indexById = new Map(steps.map(({ id }, index) => [id, index] as const).toReversed())
  // Grows from step to step: one object per block, lest a long runbook cost its length squared.
  const types: Record<string, Type> = { ...outer.roots.steps?.object?.properties }
  // Any other name has been found by the check of references.
  const roots = { ...outer.roots, steps: { object: { properties: types, rest: UNKNOWN } } }
  let { facts, held } = outer
  const from = (at: number): Sight => ({ ...outer, blocks: [{ steps, indexById, at }, ...outer.blocks], roots, facts, held })
  for (const [at, step] of steps.entries()) {
    const sight: Sight = { ...from(at), around: [...outer.around, step] }
    walk.visits.push({ step, sight })
    if (step.if) walk.sites.push({ template: step.if, sight })
    const type = walkStep(step, step.if ? givenThat(step.if, sight) : sight, walk)
    types[step.id] = step.if ? skippable(type) : withProperty(type, 'skipped', TRUTH)
    const that = asserted(step, walk)
    if (that) ({ facts, held } = givenThat(that, sight))
  }
  const end = from(steps.length)
  walk.blocks.push({ block, sight: end })
  for (const { value } of block.yield) walk.sites.push({ template: value, sight: end, leaves: true })
  return fieldsType(block.yield, end)
}

/** What holds once the step has passed: a run goes on behind an assertion only when it holds. */
function asserted(step: Step, { packs }: Walk): Template | undefined {
  if (step.kind !== 'uses' || step.if || qualify(packs, step.action) !== 'core/assert') return undefined
  return step.with.entries.find(({ name }) => name === 'that')?.value
}

/** The oldest are forgotten, lest a long runbook cost its length squared. */
const HELD_LIMIT = 50

/** The same place, given that a condition holds: steps under a condition that holds have run. */
function givenThat(condition: Template, sight: Sight): Sight {
  if (condition.kind !== 'expression') return sight
  const held = [...sight.held, ...conditionsIn(condition.source)].slice(-HELD_LIMIT)
  const ran = earlierSteps(sight)
    .filter((step) => step.if?.kind === 'expression' && conditionsIn(step.if.source).every((each) => holds(each, held, sight)))
    .map(({ id }) => ({ kind: 'false', key: `steps.${id}.skipped` }) as const)
  return { ...sight, held, facts: withFacts(sight.facts, [...factsOfSource(condition.source), ...ran]) }
}

const holds = (condition: string, held: readonly string[], { hidden }: Sight): boolean =>
  held.includes(condition) && !hidden.some((name) => mentions(condition, name))

const mentions = (condition: string, name: string): boolean => condition.includes(JSON.stringify(name))

/** Answers the type of the step's output when it runs. */
function walkStep(step: Step, sight: Sight, walk: Walk): Type {
  const see = (template: Template | undefined, from: Sight = sight): void => {
    if (template) walk.sites.push({ template, sight: from })
  }
  switch (step.kind) {
    case 'uses':
      return walkUses(step, sight, walk)
    case 'scope': {
      see(step.lock)
      see(step.onDirtyClose)
      const done = walkBlock(step.body, sight, walk)
      const caught = step.catch ? walkBlock(step.catch.body, withRoot(sight, 'error', ERROR), walk) : NEVER
      return withProperty(union(done, caught), 'clean', TRUTH)
    }
    case 'foreach': {
      see(step.in)
      see(step.concurrency)
      const inside = withRoot(sight, step.as, present(elementsOf(typeOf(step.in, sight))))
      see(step.key, inside)
      return gathered(walkBlock(step.body, inside, walk))
    }
    case 'parallel': {
      const branches = step.branches.map(({ name, body }): [string, Type] => [name, walkBlock(body, sight, walk)])
      return step.onError === 'collect'
        ? gathered(unionOf(branches.map(([, type]) => type)))
        : record(Object.fromEntries(branches))
    }
    case 'switch': {
      see(step.on)
      const bodies = [...step.cases.map(({ body }) => body), ...(step.else ? [step.else] : [])]
      return unionOf(bodies.map((body) => walkBlock(body, sight, walk)))
    }
    case 'wait':
      see(step.value)
      return record({})
    case 'approve':
      see(step.prompt)
      see(step.by)
      return record({ approved: TRUTH, by: TEXT, at: TEXT, inputs: step.inputs ? answered(step.inputs) : record({}) })
    case 'runbook':
      return walkCall(step, sight, walk)
    case 'fail':
      see(step.message)
      return record({})
    case 'end':
      return record({})
  }
}

/** Types of a called runbook's outputs; what its own steps acquire belongs to the block around the call. */
function walkCall(step: RunbookStep, sight: Sight, walk: Walk): Type {
  walk.sites.push({ template: step.with, sight })
  const runbook = walk.catalogue.runbook(step.runbook)
  if (!runbook) return UNKNOWN
  walk.runbookCalls.push({ step, sight, runbook })
  return handedTo(innermostOwner(sight), outputsOf(runbook, walk.catalogue))
}

/** Id of the step whose block owns what is acquired here. */
const innermostOwner = ({ around }: Sight): string => around.at(-2)?.id ?? THE_RUN

const known = new WeakMap<Runbook, WeakMap<CatalogueView, Type>>()

/** A circle of calls is found by its own check: within one, nothing is known. */
function outputsOf(runbook: Runbook, catalogue: CatalogueView): Type {
  const types = known.get(runbook) ?? new WeakMap<CatalogueView, Type>()
  known.set(runbook, types)
  const before = types.get(catalogue)
  if (before) return before
  types.set(catalogue, UNKNOWN)
  const type = survey(runbook, catalogue, new Map()).outputs
  types.set(catalogue, type)
  return type
}

/** Defaults are filled in where the answer is given. */
const answered = (inputs: JsonSchema): Type => fromSchema(inputs, { defaults: true })

function walkUses(step: UsesStep, sight: Sight, walk: Walk): Type {
  walk.sites.push({ template: step.with, sight })
  const name = qualify(walk.packs, step.action)
  const action = name === undefined ? undefined : walk.catalogue.action(name)
  const output = action ? fromSchema(action.output) : UNKNOWN
  if (step.until) walk.sites.push({ template: step.until, sight: withRoot(sight, 'result', output) })
  if (name === undefined || action === undefined) return UNKNOWN
  walk.calls.push({ step, sight, name, action })
  // What is asked again and again is what it was asked for in the end.
  if (step.until?.kind === 'expression') return narrowedWithin(output, 'result', factsOfSource(step.until.source))
  if (action.effect !== 'acquire') return output
  const handle: ObjectType = {
    properties: {},
    rest: UNKNOWN,
    ...(action.resource === undefined ? {} : { resources: [action.resource] }),
    ...(step.release === 'onFailure' ? {} : { owners: [step.owner ?? innermostOwner(sight)] }),
  }
  return withProperty(output, 'handle', { object: handle })
}

const ERROR = record({ type: TEXT, message: TEXT, path: TEXT, detail: UNKNOWN })

function withRoot(sight: Sight, name: string, type: Type): Sight {
  return {
    ...sight,
    roots: { ...sight.roots, [name]: type },
    facts: withoutName(sight.facts, name),
    held: sight.held.filter((condition) => !mentions(condition, name)),
    hidden: Object.hasOwn(sight.roots, name) ? [...sight.hidden, name] : sight.hidden,
  }
}

function withProperty(type: Type, name: string, property: Type): Type {
  const { object } = type
  return object ? { ...type, object: { ...object, properties: { ...object.properties, [name]: property } } } : type
}

/** A step under a condition may yield nothing but that it was skipped. */
function skippable(type: Type): Type {
  const ran = withProperty(type, 'skipped', TRUTH).object
  if (!ran) return type
  const properties = Object.entries(ran.properties).map(([name, property]): [string, Type] => [
    name,
    name === 'skipped' ? property : optional(property),
  ])
  return { ...type, object: { ...ran, properties: Object.fromEntries(properties), ran } }
}

const gathered = (value: Type): Type =>
  record({ ok: listOf(record({ key: TEXT, value })), failed: listOf(record({ key: TEXT, error: ERROR })) })
