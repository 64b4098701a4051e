// What of a block's results may still be read. What nobody reads any more decides nothing, so states that differ in it alone are one.
import { type Block, blocksIn, references, type Step, type Template } from '../../language/index.ts'

/** Names of steps and of variables; everything where an expression looks at what it does not name. */
export type Live = ReadonlySet<string> | 'all'

const cache = new WeakMap<Block, Map<string, Live>>()

/**
 * What the block may still read once it is at step `next`. `entered`: the step's own values are known already, and only what
 * stands inside of it is to come.
 */
export function liveIn(block: Block, next: number, entered: boolean): Live {
  const known = cache.get(block) ?? new Map<string, Live>()
  cache.set(block, known)
  const key = `${next} ${entered}`
  const live = known.get(key) ?? namesIn(toCome(block, next, entered))
  known.set(key, live)
  return live
}

export const isLive = (live: Live, name: string): boolean => live === 'all' || live.has(name)

interface Read {
  readonly templates: readonly Template[]
  /** Steps whose handle an `end` takes. */
  readonly steps: readonly string[]
}

function toCome(block: Block, next: number, entered: boolean): readonly Read[] {
  const { steps, yield: fields } = block
  const later = steps.slice(next).map((step, index) => readsOf(step, entered && index === 0))
  return [...later, { templates: fields.map(({ value }) => value), steps: [] }]
}

function readsOf(step: Step, entered: boolean): Read {
  const own = entered ? templatesInside(step) : [...templatesBefore(step), ...templatesInside(step)]
  const inner = blocksIn(step).flatMap((block) => toCome(block, 0, false))
  return {
    templates: [...own, ...inner.flatMap(({ templates }) => templates)],
    steps: [...(step.kind === 'end' ? [step.step] : []), ...inner.flatMap((each) => each.steps)],
  }
}

const given = (...templates: readonly (Template | undefined)[]): readonly Template[] =>
  templates.filter((template) => template !== undefined)

/** Evaluated before the step starts. */
function templatesBefore(step: Step): readonly Template[] {
  switch (step.kind) {
    case 'uses':
    case 'runbook':
      return given(step.if, step.with)
    case 'scope':
      return given(step.if, step.lock, step.onDirtyClose)
    case 'foreach':
      return given(step.if, step.in, step.concurrency)
    case 'switch':
      return given(step.if, step.on)
    case 'wait':
      return given(step.if, step.value)
    case 'approve':
      return given(step.if, step.prompt, step.by)
    case 'fail':
      return given(step.if, step.message)
    case 'parallel':
    case 'end':
      return given(step.if)
  }
}

/** Evaluated while the step is under way. */
function templatesInside(step: Step): readonly Template[] {
  if (step.kind === 'foreach') return [step.key]
  return step.kind === 'uses' ? given(step.until) : []
}

function namesIn(reads: readonly Read[]): Live {
  const names = new Set(reads.flatMap(({ steps }) => steps))
  for (const template of reads.flatMap(({ templates }) => templates)) {
    if (isOpaque(template)) return 'all'
    for (const { root, path } of references(template)) {
      if (root !== 'steps') names.add(root)
      else if (path[0] === undefined) return 'all'
      else names.add(path[0])
    }
  }
  return names
}

/** It may look at the roots as a whole. Told from the text, and rather too often. */
function isOpaque(template: Template): boolean {
  switch (template.kind) {
    case 'literal':
      return false
    case 'expression':
      return /\$\$(?!\.)|\$(?![\w$.])|[*%]/.test(template.source)
    case 'list':
      return template.items.some(isOpaque)
    case 'map':
      return template.entries.some(({ value }) => isOpaque(value))
  }
}
