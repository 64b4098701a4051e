// What stands at a place, in Markdown: actions, steps, keys, names, and the types of expressions.
import type { Span } from '../diagnostics/index.ts'
import { earlierStep, expressionsIn, functionSignature, type Sight, type Step, typeWhere } from '../language/index.ts'
import { isObject, type JsonSchema } from '../values/index.ts'
import { argumentSchema, wayTo } from './cursor.ts'
import { actionDocs, connectionDocs, packDocs, paragraphs, propertyDocs, resourceDocs } from './docs.ts'
import { descriptionOf, schemasAt, type Way } from './grammar.ts'
import { linesOf } from './lines.ts'
import { placeAt } from './place.ts'
import type { Reading } from './reading.ts'
import { mentionAt, type Thing } from './things.ts'

export interface Hover {
  readonly span: Span
  /** Markdown. */
  readonly docs: string
}

export function hoverAt(reading: Reading, offset: number): Hover | undefined {
  const mention = mentionAt(reading, offset)
  const docs = mention && thingDocs(mention.thing, reading)
  if (mention && docs) return { span: mention.span, docs }
  return expressionAt(reading, offset) ?? keyAt(reading, offset)
}

function thingDocs(thing: Thing, reading: Reading): string | undefined {
  const { catalogue } = reading.view
  switch (thing.kind) {
    case 'step':
      return stepDocs(thing.step, reading)
    case 'action': {
      const action = catalogue.action(thing.name)
      return action && actionDocs(action, reading.view)
    }
    case 'pack': {
      const pack = catalogue.packs[thing.name]
      return pack && packDocs(pack)
    }
    case 'connection':
      return connectionDocs(thing.name, catalogue)
    case 'runbook': {
      const called = catalogue.runbook(thing.name)
      return (
        called && paragraphs([`**${called.name} ${called.version}**${called.title === undefined ? '' : ` — ${called.title}`}`])
      )
    }
    case 'input': {
      const [schema] = schemasAt([thing.name], reading.draft?.runbook.inputs ?? {})
      return paragraphs([`**inputs.${thing.name}**`, schema && propertyDocs(schema)])
    }
    case 'target': {
      const target = reading.draft?.runbook.targets.find(({ name }) => name === thing.name)
      return `**targets.${thing.name}** — target of type ${target ? `${target.alias}/${target.connection}` : 'unknown'}`
    }
    case 'variable': {
      const type = variableType(thing.loop, thing.name, reading)
      return paragraphs([`**${thing.name}** — each item of \`${thing.loop.id}\``, type && `Type: ${type}.`])
    }
  }
}

/** What the step does and what it leaves for later steps. */
function stepDocs(step: Step, { survey, view }: Reading): string {
  const call = survey?.calls.find((each) => each.step === step)
  const action = call && view.catalogue.action(call.name)
  const resource = action?.resource === undefined ? undefined : view.catalogue.resource(action.resource)
  const block = survey?.blocks.find(({ block }) => block.steps.includes(step))
  const type = block && typeWhere(`steps.${step.id}`, block.sight)
  return paragraphs([
    `**${step.id}** — ${step.kind}${step.kind === 'uses' ? ` \`${step.action}\`${action ? `: ${action.title}` : ''}` : ''}`,
    action?.effect === 'acquire' && resource ? resourceDocs(resource) : undefined,
    type && `Output: \`${type}\``,
  ])
}

function variableType(loop: Step, name: string, { survey }: Reading): string | undefined {
  const inside = survey?.sites.find(({ sight }) => sight.around.includes(loop) && Object.hasOwn(sight.roots, name))
  return inside && typeWhere(name, inside.sight)
}

// ---- expressions -----------------------------------------------------------------------------------------------------------------------

function expressionAt(reading: Reading, offset: number): Hover | undefined {
  const { survey, file } = reading
  for (const { template, sight } of survey?.sites ?? []) {
    for (const { span, offsets, source } of expressionsIn(template)) {
      if (offset < span.start || span.end < offset || !offsets) continue
      const word = wordAt(source, offsets, offset)
      if (!word) continue
      const [from, to] = word
      const first = offsets[from] ?? span.start
      const where: Span = { file, start: first, end: (offsets[to - 1] ?? first) + 1 }
      const text = source.slice(from, to)
      const known = text.startsWith('$') ? functionSignature(text.slice(1)) : undefined
      if (known !== undefined) return { span: where, docs: `\`${known}\`` }
      const type = typeWhere(source.slice(0, to), sight)
      const described = outputDescription(source.slice(0, to), sight, reading)
      if (type !== undefined) return { span: where, docs: paragraphs([`\`${text}\`: ${type}`, described]) }
    }
  }
  return undefined
}

/** What the pack says of a part of a step's output; `path` ends with it. */
function outputDescription(path: string, sight: Sight, { survey, view }: Reading): string | undefined {
  const [, id, names] = /(?:^|[^\w.`])steps\.(\w+)((?:\.\w+)+)$/.exec(path) ?? []
  if (id === undefined || names === undefined) return undefined
  const step = earlierStep(sight, id)
  const call = survey?.calls.find((each) => each.step === step)
  const output = call && view.catalogue.action(call.name)?.output
  const [schema] = names
    .slice(1)
    .split('.')
    .reduce<readonly JsonSchema[]>(
      (schemas, name) => schemas.flatMap((each) => schemasAt([name], itemOf(each))),
      output ? [output] : [],
    )
  return schema && descriptionOf(schema)
}

/** Paths go through lists. */
const itemOf = (schema: JsonSchema): JsonSchema => (isObject(schema.items) ? itemOf(schema.items) : schema)

/** The name around a place of the file, as a range of the source. */
function wordAt(source: string, offsets: readonly number[], offset: number): readonly [number, number] | undefined {
  for (const { 0: word, index } of source.matchAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|\$?[A-Za-z_]\w*/g)) {
    const first = offsets[index]
    const last = offsets[index + word.length - 1]
    if (first === undefined || last === undefined || offset < first || last + 1 < offset) continue
    return /^["']/.test(word) ? undefined : [index, index + word.length]
  }
  return undefined
}

// ---- keys ------------------------------------------------------------------------------------------------------------------------------

/** A key of the language, or an argument of the action that a step calls. */
function keyAt(reading: Reading, offset: number): Hover | undefined {
  const lines = linesOf(reading.text)
  const line = lines.findLast(({ start }) => start <= offset)
  if (line?.key === undefined || offset < line.start + line.column || offset > line.start + line.column + line.key.length)
    return undefined
  const place = placeAt(reading.text, line.start + line.column)
  const span = { file: reading.file, start: line.start + line.column, end: line.start + line.column + line.key.length }
  const way: Way = [...wayTo(place), line.key]
  const schema = argumentSchema({ place, reading, way }) ?? schemasAt(way)[0]
  const docs = schema && propertyDocs(schema)
  return docs === undefined ? undefined : { span, docs: `**${line.key}**\n\n${docs}` }
}
