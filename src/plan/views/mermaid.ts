// A plan as a Mermaid flowchart, for a page or a pull request: blocks as frames, doubt as dotted arrows, holds as thick arrows from
// the acquiring call to its release. Draws what the plan says and nothing else.
import { formatDuration, printable } from '../../values/index.ts'
import type { Certainty, Plan, PlanStep } from '../model.ts'
import { type HoldNames, holdNames } from './names.ts'
import { type Outline, outlineOf } from './outline.ts'
import { clip, wordsOf } from './value-words.ts'
import { CERTAINTIES, wordsOfApproval, wordsOfBound, wordsOfStep } from './words.ts'

interface Drawing {
  readonly names: HoldNames
  readonly nodes: string[]
  readonly arrows: string[]
  /** Numbers of the arrows that stand for critical holds. */
  readonly critical: number[]
  readonly acquiring: [node: string, PlanStep][]
  /** Node of a release, by the path of what it releases. */
  readonly releases: Map<string, string>
  count: number
}

export function planAsMermaid(plan: Plan): string {
  const drawing: Drawing = {
    names: holdNames(plan),
    nodes: [],
    arrows: [],
    critical: [],
    acquiring: [],
    releases: new Map(),
    count: 0,
  }
  drawSequence(drawing, outlineOf(plan, false), plan.closes, '  ')
  for (const [node, step] of drawing.acquiring) drawHold(drawing, node, step)
  const critical =
    drawing.critical.length === 0 ? [] : [`  linkStyle ${drawing.critical.join(',')} stroke:#cf222e,stroke-width:4px`]
  return `${['flowchart TB', ...drawing.nodes, ...drawing.arrows, ...CLASSES, ...critical].join('\n')}\n`
}

/** Dark text on light fills, so that both themes of a page show them. */
const CLASSES = [
  '  classDef read fill:#f6f8fa,stroke:#8c959f,color:#1f2328',
  '  classDef mutate fill:#fff8c5,stroke:#bf8700,color:#1f2328',
  '  classDef acquire fill:#ddf4ff,stroke:#0969da,color:#1f2328',
  '  classDef release fill:#dafbe1,stroke:#1a7f37,color:#1f2328',
  '  classDef destroy fill:#ffebe9,stroke:#cf222e,color:#1f2328',
  '  classDef critical fill:#ffebe9,stroke:#cf222e,stroke-width:4px,color:#1f2328',
  '  classDef approval fill:#fbefff,stroke:#8250df,color:#1f2328',
]

// ---- steps and blocks -------------------------------------------------------------------------------------------

/** One after the other, then the releases. Answers the last node; a catch follows it only when it fails. */
function drawSequence(
  drawing: Drawing,
  level: readonly Outline[],
  closes: readonly string[],
  indent: string,
): string | undefined {
  let before: string | undefined
  for (const outline of level) {
    const node = drawOutline(drawing, outline, indent)
    if (before !== undefined) drawArrow(drawing, before, node, certaintyOf(outline))
    if (certaintyOf(outline) !== 'onFailure') before = node
  }
  for (const path of closes) {
    const node = drawRelease(drawing, path, indent)
    if (before !== undefined) drawArrow(drawing, before, node, 'will')
    before = node
  }
  return before
}

const certaintyOf = (outline: Outline): Certainty =>
  outline.kind === 'step' ? outline.step.certainty : outline.kind === 'part' && outline.of === 'catch' ? 'onFailure' : 'will'

function drawArrow(drawing: Drawing, from: string, to: string, certainty: Certainty): void {
  drawing.arrows.push(`  ${from} ${certainty === 'will' ? '-->' : '-.->'} ${to}`)
}

function drawOutline(drawing: Drawing, outline: Outline, indent: string): string {
  switch (outline.kind) {
    case 'step':
      return outline.inner.length === 0 ? drawStep(drawing, outline, indent) : drawBlock(drawing, outline, indent)
    case 'part':
      return drawFrame(drawing, [outline.label], indent, (inside) => drawSequence(drawing, outline.inner, outline.closes, inside))
    case 'alike':
      return drawNode(drawing, indent, `["${label(`the same for ${wordsOf(outline.labels, 200)}`)}"]`)
    default:
      return outline satisfies never
  }
}

function drawStep(drawing: Drawing, { step, closes }: Outline & { kind: 'step' }, indent: string): string {
  const words = step.approval ? `${wordsOfStep(step)}: ${wordsOfApproval(step.approval)}` : wordsOfStep(step)
  const lines = [step.id, clip(words, 90), doubtOf(step)].filter((each) => each !== '')
  const text = `"${lines.map(label).join('<br/>')}"`
  const [open, close] = shapeOf(step)
  const node = drawNode(drawing, indent, `${open}${text}${close}${classOf(step)}`)
  if (step.acquires) drawing.acquiring.push([node, step])
  for (const path of closes) drawArrow(drawing, node, drawRelease(drawing, path, indent), 'will')
  return node
}

const doubtOf = ({ certainty }: PlanStep): string => (certainty === 'will' ? '' : `(${CERTAINTIES[certainty].words})`)

function shapeOf({ verb, effect }: PlanStep): readonly [string, string] {
  if (verb === 'approve') return ['{{', '}}']
  if (verb === 'wait' || effect === 'acquire') return ['([', '])']
  return effect === 'mutate' || effect === 'destroy' ? ['[[', ']]'] : ['[', ']']
}

function classOf({ verb, effect, acquires }: PlanStep): string {
  if (verb === 'approve') return ':::approval'
  if (acquires?.critical) return ':::critical'
  return effect === undefined ? '' : `:::${effect}`
}

function drawBlock(drawing: Drawing, { step, inner, closes }: Outline & { kind: 'step' }, indent: string): string {
  const { id, verb, timeoutMs, lock } = step
  const bound = verb === 'scope' && timeoutMs !== undefined ? `at most ${formatDuration(timeoutMs)}` : ''
  const facts = [id, wordsOfStep(step), bound, lock === undefined ? '' : `lock ${lock}`, doubtOf(step)]
  return drawFrame(drawing, facts, indent, (inside) => {
    // Branches and cases do not follow one another.
    if (verb !== 'parallel' && verb !== 'switch') return drawSequence(drawing, inner, closes, inside)
    const ends = inner.map((each) => drawOutline(drawing, each, inside))
    const first = drawSequence(drawing, [], closes, inside)
    if (first !== undefined) for (const end of ends) drawArrow(drawing, end, first, 'will')
    return undefined
  })
}

function drawFrame(drawing: Drawing, facts: readonly string[], indent: string, drawInner: (indent: string) => unknown): string {
  const shown = facts.filter((each) => each !== '').map((each) => label(clip(each, 90)))
  const frame = `n${drawing.count++}`
  drawing.nodes.push(`${indent}subgraph ${frame}["${shown.join(' · ')}"]`)
  drawInner(`${indent}  `)
  drawing.nodes.push(`${indent}end`)
  return frame
}

function drawNode(drawing: Drawing, indent: string, shape: string): string {
  const node = `n${drawing.count++}`
  drawing.nodes.push(`${indent}${node}${shape}`)
  return node
}

// ---- holds ------------------------------------------------------------------------------------------------------

function drawRelease(drawing: Drawing, path: string, indent: string): string {
  const node = drawNode(drawing, indent, `["release ${label(drawing.names.one(path))}"]:::release`)
  drawing.releases.set(path, node)
  return node
}

/** What no block releases is kept, or goes with what it belongs to. */
function drawHold(drawing: Drawing, from: string, { acquires }: PlanStep): void {
  if (!acquires) return
  const facts = [acquires.title, wordsOfBound(acquires.window), acquires.deadman === 'none' ? 'NO dead-man' : '']
  const words = facts.filter((each) => each !== '').map((each) => label(each))
  const to =
    drawing.releases.get(acquires.path) ?? drawNode(drawing, '  ', `[("${label(acquires.keptOnSuccess ? 'kept' : 'held')}")]`)
  if (acquires.critical) drawing.critical.push(drawing.arrows.length)
  drawing.arrows.push(`  ${from} == "${words.join('<br/>')}" ==> ${to}`)
}

/** Mermaid reads directives, entities, Markdown and HTML in labels: all but plain characters are written as entities. */
const label = (text: string): string =>
  printable(text).replace(/[^\p{L}\p{N}\p{M} .,/=+?!'‹›“”…·→-]/gu, (character) => `#${character.codePointAt(0)};`)
