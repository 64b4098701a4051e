// Where things come from, where else they are named, and what a document is made of.
import type { Span } from '../diagnostics/index.ts'
import { type Block, closestNode, entryOf, readYaml, type Step } from '../language/index.ts'
import type { Reading } from './reading.ts'
import { type Mention, mentionAt, mentionsIn, sameThing, type Thing } from './things.ts'

/** The place that defines what is named at the offset: in the document, in a pack's manifest, or in another runbook. */
export function definitionAt(reading: Reading, offset: number): Span | undefined {
  const mention = mentionAt(reading, offset)
  return mention && definitionOf(mention.thing, reading)
}

function definitionOf(thing: Thing, reading: Reading): Span | undefined {
  switch (thing.kind) {
    case 'step':
      return thing.step.idSpan
    case 'variable':
    case 'input':
    case 'target':
      return mentionsIn(reading).find((each) => each.defines && sameThing(each.thing, thing))?.span
    case 'pack':
      return inManifest(thing.name, ['name'], reading)
    case 'action':
      return inManifest(packOf(thing.name), ['actions', nameOf(thing.name)], reading)
    case 'connection':
      return inManifest(packOf(thing.name), ['connections', nameOf(thing.name)], reading)
    case 'runbook': {
      const called = reading.view.catalogue.runbook(thing.name)
      return called && { file: called.span.file, start: 0, end: 0 }
    }
  }
}

const packOf = (qualified: string): string => qualified.slice(0, qualified.indexOf('/'))
const nameOf = (qualified: string): string => qualified.slice(qualified.indexOf('/') + 1)

function inManifest(pack: string, path: readonly string[], { view }: Reading): Span | undefined {
  const manifest = view.manifests.get(pack)
  const root = manifest && readYaml(manifest.text, manifest.file).root
  if (!root) return undefined
  const parent = closestNode(root, path.slice(0, -1))
  const entry = parent.kind === 'map' ? entryOf(parent, path.at(-1) ?? '') : undefined
  return entry?.keySpan ?? { file: manifest.file, start: 0, end: 0 }
}

/** Every mention of what is named at the offset, in reading order. */
export function referencesAt(reading: Reading, offset: number): readonly Mention[] {
  const mention = mentionAt(reading, offset)
  if (!mention) return []
  return mentionsIn(reading)
    .filter(({ thing }) => sameThing(thing, mention.thing))
    .toSorted((a, b) => a.span.start - b.span.start)
}

export interface Outline {
  readonly name: string
  /** The verb, and what it is about. */
  readonly detail: string
  readonly kind: 'step' | 'block' | 'section' | 'name'
  readonly span: Span
  readonly nameSpan: Span
  readonly inside: readonly Outline[]
}

/** The runbook as a tree: its head, its steps and their blocks. */
export function outlineOf({ draft }: Reading): readonly Outline[] {
  if (!draft) return []
  const { runbook } = draft
  const named = (name: string, detail: string, span: Span): Outline => ({
    name,
    detail,
    kind: 'name',
    span,
    nameSpan: span,
    inside: [],
  })
  return [
    ...runbook.uses.map(({ alias, pack, range, span }) => named(alias, `${pack}@${range}`, span)),
    ...runbook.targets.map(({ name, alias, connection, span }) => named(name, `${alias}/${connection}`, span)),
    ...runbook.steps.map(outlineOfStep),
    ...runbook.outputs.map(({ name, nameSpan }) => named(name, 'output', nameSpan)),
  ]
}

const outlineOfStep = (step: Step): Outline => {
  const inside = insideOf(step)
  return {
    name: step.id,
    detail: detailOf(step),
    kind: inside.length > 0 ? 'block' : 'step',
    span: step.span,
    nameSpan: step.idSpan,
    inside,
  }
}

function detailOf(step: Step): string {
  switch (step.kind) {
    case 'uses':
      return step.action
    case 'foreach':
      return `foreach ${step.as}`
    case 'end':
      return `end ${step.step}`
    case 'fail':
      return `fail ${step.type}`
    case 'runbook':
      return step.runbook
    case 'scope':
    case 'parallel':
    case 'switch':
    case 'wait':
    case 'approve':
      return step.kind
  }
}

function insideOf(step: Step): readonly Outline[] {
  const block = (name: string, { span, steps }: Block): Outline => ({
    name,
    detail: '',
    kind: 'section',
    span,
    nameSpan: { ...span, end: span.start },
    inside: steps.map(outlineOfStep),
  })
  switch (step.kind) {
    case 'scope':
      return [...step.body.steps.map(outlineOfStep), ...(step.catch ? [block('catch', step.catch.body)] : [])]
    case 'foreach':
      return step.body.steps.map(outlineOfStep)
    case 'parallel':
      return step.branches.map(({ name, body }) => block(name, body))
    case 'switch':
      return [...step.cases.map(({ value, body }) => block(value, body)), ...(step.else ? [block('else', step.else)] : [])]
    case 'uses':
    case 'wait':
    case 'approve':
    case 'runbook':
    case 'end':
    case 'fail':
      return []
  }
}
