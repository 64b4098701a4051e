// What a place in a runbook names: a step, an input, a target, a loop variable, a pack, an action, another runbook; and where else it is named.
import type { Span } from '../diagnostics/index.ts'
import {
  earlierStep,
  expressionsIn,
  qualify,
  type Reference,
  references,
  type Sight,
  type Site,
  type Step,
  type YamlNode,
} from '../language/index.ts'
import { packsOf, type Reading } from './reading.ts'

export type Thing =
  | { readonly kind: 'step'; readonly step: Step }
  | { readonly kind: 'variable'; readonly name: string; readonly loop: Step }
  | { readonly kind: 'input' | 'target'; readonly name: string }
  /** Qualified. */
  | { readonly kind: 'action' | 'connection'; readonly name: string }
  | { readonly kind: 'pack' | 'runbook'; readonly name: string }

export interface Mention {
  readonly thing: Thing
  /** The name itself. */
  readonly span: Span
  /** It is where the thing comes from. */
  readonly defines?: true
}

const mentions = new WeakMap<Reading, readonly Mention[]>()

/** Every place that names something, in no particular order. */
export function mentionsIn(reading: Reading): readonly Mention[] {
  const known = mentions.get(reading)
  if (known) return known
  const found = [...ofHead(reading), ...ofSteps(reading), ...(reading.survey?.sites.flatMap((site) => ofSite(site)) ?? [])]
  mentions.set(reading, found)
  return found
}

/** The smallest one around the offset; right behind a name counts as on it. */
export function mentionAt(reading: Reading, offset: number): Mention | undefined {
  return mentionsIn(reading)
    .filter(({ span }) => span.start <= offset && offset <= span.end)
    .toSorted((a, b) => a.span.end - a.span.start - (b.span.end - b.span.start))[0]
}

export function sameThing(one: Thing, other: Thing): boolean {
  if (one.kind !== other.kind) return false
  if (one.kind === 'step') return other.kind === 'step' && one.step === other.step
  if (one.kind === 'variable') return other.kind === 'variable' && one.loop === other.loop
  return 'name' in other && one.name === other.name
}

// ---- the head of the document ----------------------------------------------------------------------------------------------------------

function ofHead(reading: Reading): readonly Mention[] {
  const { root, draft } = reading
  const packs = packsOf(reading)
  const head = (section: string) => entriesOf(root, section)
  const uses = head('use').flatMap(({ key, keySpan, value }): readonly Mention[] => {
    const name = packs[key] ?? textOf(value)?.replace(/@.*$/, '')
    return name === undefined
      ? []
      : [keySpan, value.span].map((span) => ({
          thing: { kind: 'pack', name },
          span,
          ...(span === keySpan ? { defines: true } : {}),
        }))
  })
  const targets = head('targets').flatMap(({ key, keySpan, value }): readonly Mention[] => {
    const type = qualify(packs, textOf(value) ?? '')
    return [
      { thing: { kind: 'target', name: key }, span: keySpan, defines: true },
      ...(type === undefined ? [] : [{ thing: { kind: 'connection', name: type }, span: value.span } as const]),
    ]
  })
  const inputs = head('inputs').find(({ key }) => key === 'properties')?.value
  const properties = inputs?.kind === 'map' && draft ? inputs.entries : []
  return [
    ...uses,
    ...targets,
    ...properties.map(({ key, keySpan }): Mention => ({ thing: { kind: 'input', name: key }, span: keySpan, defines: true })),
  ]
}

const entriesOf = (root: YamlNode | undefined, section: string) => {
  const value = root?.kind === 'map' ? root.entries.find(({ key }) => key === section)?.value : undefined
  return value?.kind === 'map' ? value.entries : []
}

const textOf = (node: YamlNode): string | undefined =>
  node.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined

// ---- steps -----------------------------------------------------------------------------------------------------------------------------

function ofSteps(reading: Reading): readonly Mention[] {
  const packs = packsOf(reading)
  return (reading.survey?.visits ?? []).flatMap(({ step, sight }) => {
    const own: Mention[] = [{ thing: { kind: 'step', step }, span: step.idSpan, defines: true }]
    const to = (found: Step | undefined, span: Span | undefined): void => {
      if (found && span) own.push({ thing: { kind: 'step', step: found }, span })
    }
    switch (step.kind) {
      case 'uses': {
        const name = qualify(packs, step.action)
        const alias = step.action.slice(0, step.action.indexOf('/'))
        const pack = packs[alias]
        if (name !== undefined) own.push({ thing: { kind: 'action', name }, span: step.actionSpan })
        if (pack !== undefined && step.actionSpan.end - step.actionSpan.start === step.action.length)
          own.push({
            thing: { kind: 'pack', name: pack },
            span: { ...step.actionSpan, end: step.actionSpan.start + alias.length },
          })
        to(
          sight.around.findLast(({ id }) => id === step.owner),
          step.ownerSpan,
        )
        break
      }
      case 'end':
        to(earlierStep(sight, step.step), step.stepSpan)
        break
      case 'foreach': {
        const span = variableSpan(step, reading)
        if (span) own.push({ thing: { kind: 'variable', name: step.as, loop: step }, span, defines: true })
        break
      }
      case 'runbook':
        own.push({ thing: { kind: 'runbook', name: step.runbook }, span: step.runbookSpan })
        for (const { target, targetSpan } of step.targets) own.push({ thing: { kind: 'target', name: target }, span: targetSpan })
        break
      case 'scope':
      case 'parallel':
      case 'switch':
      case 'wait':
      case 'approve':
      case 'fail':
        break
      default:
        step satisfies never
    }
    return own
  })
}

/** The word behind `as`: the model keeps the name alone. */
function variableSpan(step: Step, { root }: Reading): Span | undefined {
  const node = root && nodeAt(root, step.span)
  const loop = node?.kind === 'map' ? node.entries.find(({ key }) => key === 'foreach')?.value : undefined
  return loop?.kind === 'map' ? loop.entries.find(({ key }) => key === 'as')?.value.span : undefined
}

/** The node of exactly this span. */
export function nodeAt(node: YamlNode, span: Span): YamlNode | undefined {
  if (node.span.start === span.start && node.span.end === span.end) return node
  const children = node.kind === 'map' ? node.entries.map(({ value }) => value) : node.kind === 'list' ? node.items : []
  const child = children.find((each) => each.span.start <= span.start && span.end <= each.span.end)
  return child && nodeAt(child, span)
}

// ---- expressions -----------------------------------------------------------------------------------------------------------------------

const ofSite = ({ template, sight }: Site): readonly Mention[] =>
  expressionsIn(template).flatMap((each) => references(each).flatMap((reference) => ofReference(reference, sight)))

function ofReference({ root, path: [name], partSpans: [first, second] }: Reference, sight: Sight): readonly Mention[] {
  const loop = sight.around.findLast((step) => step.kind === 'foreach' && step.as === root)
  if (loop && first) return [{ thing: { kind: 'variable', name: root, loop }, span: first }]
  if (name === undefined || !second) return []
  if (root === 'inputs') return [{ thing: { kind: 'input', name }, span: second }]
  if (root === 'targets') return [{ thing: { kind: 'target', name }, span: second }]
  const step = root === 'steps' ? earlierStep(sight, name) : undefined
  return step ? [{ thing: { kind: 'step', step }, span: second }] : []
}
