// A runbook as the editor reads it: as far as it can be read, with what can be seen from each place.
import {
  type Draft,
  parseRunbook,
  qualify,
  type ReadYaml,
  readYaml,
  resolveUses,
  type Sight,
  type Step,
  type Survey,
  survey,
} from '../language/index.ts'
import type { Action } from '../packs/index.ts'
import { type Line, linesOf, valueText } from './lines.ts'
import type { Part, Place } from './place.ts'
import type { View } from './workspace.ts'

export interface Reading {
  readonly file: string
  readonly text: string
  readonly view: View
  readonly root: ReadYaml['root']
  readonly draft?: Draft
  readonly survey?: Survey
}

export function read(file: string, text: string, view: View): Reading {
  const { draft } = parseRunbook(text, file)
  const { root } = readYaml(text, file)
  const surveyed = draft && survey(draft.runbook, view.catalogue, draft.broken)
  return { file, text, view, root, ...(draft && surveyed ? { draft, survey: surveyed } : {}) }
}

/**
 * The same where the text does not parse: what is being typed is blanked out, more and more of it, until the rest can be read. Offsets
 * stay what they are.
 */
export function readAround(file: string, text: string, place: Place, offset: number, view: View): Reading {
  const blank = (from: number, to: number): string =>
    text.slice(0, from) + text.slice(from, to).replaceAll(/[^\r\n]/g, ' ') + text.slice(to)
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1
  const lineEnd = (text.indexOf('\n', offset) + text.length + 1) % (text.length + 1)
  const attempts = [
    () => text,
    () => blank(place.start, Math.max(place.end, lineEnd)),
    () => blank(lineStart, lineEnd),
    () => blank(place.parts.findLast(({ kind }) => kind === 'item')?.offset ?? lineStart, lineEnd),
    () => blank(lineStart, text.length),
  ]
  let last: Reading | undefined
  for (const attempt of attempts) {
    const reading = read(file, attempt(), view)
    if (reading.survey) return { ...reading, text }
    last ??= reading
  }
  return { ...(last ?? read(file, text, view)), text }
}

// ---- what stands at the head of the document, read from its lines: it is there before the rest can be parsed ------------------------

export interface Use {
  readonly alias: string
  readonly pack: string
}

export function usesIn(text: string): readonly Use[] {
  const uses = entriesUnder('use', linesOf(text)).map(({ key, value }) => ({ alias: key, pack: value.replace(/@.*$/, '') }))
  return [...uses, { alias: 'core', pack: 'core' }]
}

/** Connection type, qualified, of each target by name. */
export function targetsIn(text: string): ReadonlyMap<string, string> {
  const packs = Object.fromEntries(usesIn(text).map(({ alias, pack }) => [alias, pack]))
  return new Map(entriesUnder('targets', linesOf(text)).map(({ key, value }) => [key, qualify(packs, value) ?? value]))
}

function entriesUnder(name: string, lines: readonly Line[]): readonly { readonly key: string; readonly value: string }[] {
  const head = lines.findIndex(({ key, column }) => key === name && column === 0)
  if (head === -1) return []
  const rest = lines.slice(head + 1)
  const end = rest.findIndex(({ text }) => /^\S/.test(text) && !text.startsWith('#'))
  return rest
    .slice(0, end === -1 ? undefined : end)
    .flatMap((line) =>
      line.key === undefined ? [] : [{ key: line.key, value: valueText(line).replace(/^(["'])(.*)\1$/, '$2') }],
    )
}

/** The action that a step's `uses` names. */
export function actionOf(uses: string | undefined, { text, view }: Pick<Reading, 'text' | 'view'>): Action | undefined {
  const packs = Object.fromEntries(usesIn(text).map(({ alias, pack }) => [alias, pack]))
  const name = uses === undefined ? undefined : qualify(packs, uses)
  return name === undefined ? undefined : view.catalogue.action(name)
}

// ---- sight ---------------------------------------------------------------------------------------------------------------------------

/** What can be seen from a place: from the expression that stands there, else from the step, else from the block around. */
export function sightAt({ survey: surveyed }: Reading, parts: readonly Part[], offset: number): Sight | undefined {
  if (!surveyed) return undefined
  const sites = surveyed.sites.filter(({ template: { span } }) => span.start <= offset && offset <= span.end)
  const closest = sites.toSorted((a, b) => lengthOf(a.template) - lengthOf(b.template))[0]
  if (closest) return closest.sight
  for (let at = parts.length - 1; at >= 0; at -= 1) {
    const part = parts[at]
    if (part?.kind !== 'key' || part.key !== 'steps') continue
    const block = surveyed.blocks
      .filter(({ block: { span } }) => span.start <= part.offset && part.offset <= span.end)
      .toSorted((a, b) => lengthOf(a.block) - lengthOf(b.block))[0]
    if (!block) continue
    const item = parts[at + 1]?.offset ?? offset
    const { steps } = block.block
    const before = steps.filter(({ span }) => span.start < item).length
    const own = steps[before]
    const visit = own && own.span.start <= offset && surveyed.visits.find(({ step }) => step === own)
    if (visit) return visit.sight
    const [here, ...around] = block.sight.blocks
    return here ? { ...block.sight, blocks: [{ ...here, at: before }, ...around] } : block.sight
  }
  return surveyed.blocks.at(-1)?.sight
}

const lengthOf = ({ span }: { readonly span: { readonly start: number; readonly end: number } }): number => span.end - span.start

/** The innermost step that an offset stands in. */
export function stepAt({ survey: surveyed }: Reading, offset: number): Step | undefined {
  return surveyed?.visits.findLast(({ step: { span } }) => span.start <= offset && offset <= span.end)?.step
}

export const packsOf = ({ draft, view }: Reading): Readonly<Record<string, string>> =>
  draft ? resolveUses(draft.runbook, view.catalogue.packs) : {}
