// The tree of a plan as people read it: items of a loop and branches under headings of their own, items that are alike told once,
// and what the end of a run would release where that changes. It may not word or draw.
import type { Plan, PlanStep } from '../model.ts'
import { decodeKey, nameIn } from './value-words.ts'

export type Outline =
  | { readonly kind: 'step'; readonly step: PlanStep; readonly inner: readonly Outline[]; readonly closes: readonly string[] }
  | {
      readonly kind: 'part'
      readonly of: 'item' | 'branch' | 'catch'
      readonly label: string
      readonly inner: readonly Outline[]
      readonly closes: readonly string[]
    }
  /** More items whose steps are those of the item before. */
  | { readonly kind: 'alike'; readonly labels: readonly string[] }

/** `everyItem`: also those whose steps are the same as another's. */
export const outlineOf = (plan: Plan, everyItem: boolean): readonly Outline[] =>
  plan.steps.map((step) => outlineStep(step, everyItem))

function outlineStep(step: PlanStep, everyItem: boolean): Outline {
  const variants = Map.groupBy(step.steps, ({ path }) => variantOf(step.path, path))
  const body = Map.groupBy(variants.get('') ?? [], (each) => each.case)
  const inner: Outline[] = (body.get(undefined) ?? []).map((each) => outlineStep(each, everyItem))
  for (const [name, steps] of body) if (name !== undefined) inner.push(outlineCase(name, steps, step.closes, everyItem))
  const parts = [...variants].filter(([variant]) => variant.startsWith('['))
  // One item that stands for all needs no heading: the loop says so.
  const lone = parts.length === 1 && step.verb === 'foreach' && parts[0]?.[0] === '[*]'
  if (lone) inner.push(...(parts[0]?.[1] ?? []).map((each) => outlineStep(each, everyItem)))
  else inner.push(...outlineParts(step, parts, everyItem))
  const caught = variants.get('!catch')
  if (caught) {
    const closes = step.closes.filter((path) => path.startsWith(`${step.path}!catch/`))
    inner.push({
      kind: 'part',
      of: 'catch',
      label: 'if it fails',
      inner: caught.map((each) => outlineStep(each, everyItem)),
      closes,
    })
  }
  const told = new Set(inner.flatMap((each) => (each.kind === 'part' ? each.closes : [])))
  const own = step.closes.filter((path) => lone || (variantOf(step.path, path) === '' && !told.has(path)))
  return { kind: 'step', step, inner, closes: own }
}

function outlineCase(name: string, steps: readonly PlanStep[], closes: readonly string[], everyItem: boolean): Outline {
  const ofCase = (path: string): boolean => steps.some((each) => path === each.path || path.startsWith(`${each.path}/`))
  const inner = steps.map((each) => outlineStep(each, everyItem))
  return { kind: 'part', of: 'branch', label: `case ${name}`, inner, closes: closes.filter(ofCase) }
}

/** `[key]` of an item or a branch, `!catch`, or nothing for a step of the body. */
function variantOf(parent: string, path: string): string {
  if (!path.startsWith(parent)) return ''
  return /^(?:\[[^\]]*\]|!catch)/.exec(path.slice(parent.length))?.[0] ?? ''
}

function outlineParts(
  parent: PlanStep,
  parts: readonly (readonly [string, readonly PlanStep[]])[],
  everyItem: boolean,
): readonly Outline[] {
  const made: Outline[] = []
  let shape: string | undefined
  let alike: string[] = []
  const endAlike = (): void => {
    if (alike.length > 0) made.push({ kind: 'alike', labels: alike })
    alike = []
  }
  for (const [index, [variant, steps]] of parts.entries()) {
    const label =
      parent.verb === 'foreach' ? labelOf(parent, variant, index, parts.length) : `branch ${decodeKey(variant.slice(1, -1))}`
    const prefix = `${parent.path}${variant}/`
    const shapeHere = JSON.stringify(steps.map((step) => shapeOf(step, prefix.length)))
    if (!everyItem && parent.verb === 'foreach' && shapeHere === shape) {
      alike.push(label)
      continue
    }
    endAlike()
    shape = shapeHere
    made.push({
      kind: 'part',
      of: parent.verb === 'foreach' ? 'item' : 'branch',
      label,
      inner: steps.map((step) => outlineStep(step, everyItem)),
      closes: parent.closes.filter((path) => path.startsWith(prefix)),
    })
  }
  endAlike()
  return made
}

function labelOf(parent: PlanStep, variant: string, index: number, parts: number): string {
  const key = decodeKey(variant.slice(1, -1))
  const items = Array.isArray(parent.input) && parent.input.length === parts ? parent.input : []
  const name = nameIn(items[index])
  return name === undefined || name === key ? key : `${name} (${key})`
}

/** What makes two items alike: the same steps, whatever their values. */
const shapeOf = (step: PlanStep, prefix: number): readonly unknown[] => [
  step.path.slice(prefix).replaceAll(/\[[^\]]*\]/g, '[]'),
  step.verb,
  step.certainty,
  step.effect,
  step.action,
  step.lock !== undefined,
  step.approval !== undefined,
  step.acquires?.type,
  step.steps.map((each) => shapeOf(each, prefix)),
]

/** Every step, in the order of the plan. */
export const stepsOf = (steps: readonly PlanStep[]): readonly PlanStep[] =>
  steps.flatMap((step) => [step, ...stepsOf(step.steps)])

/** Steps after which something else would be released than before, were the process to die there. */
export function stepsThatChangeUnwind(plan: Plan): ReadonlySet<string> {
  const changing = new Set<string>()
  let before = ''
  for (const { path, steps, unwind } of stepsOf(plan.steps)) {
    if (steps.length > 0) continue
    const here = unwind.join('\n')
    if (here !== before && here !== '') changing.add(path)
    before = here
  }
  return changing
}
