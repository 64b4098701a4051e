// The tree of a plan at a terminal: signs for scanning at the left, guides for what is inside what, details below each step.
import { formatDuration, type JsonObject } from '../../values/index.ts'
import type { PlanStep, Request } from '../model.ts'
import { type Piece, type Row, type Tone, widthOf } from './layout.ts'
import type { HoldNames } from './names.ts'
import type { Outline } from './outline.ts'
import { jsonOf, shortInput, wordsOf } from './value-words.ts'
import { CERTAINTIES, EFFECTS, holdFacts, wordsOfAffected, wordsOfApproval, wordsOfStep } from './words.ts'

export interface TextOptions {
  /** Columns of the terminal; below 100 the narrow form. No line is wider, from 40 on. */
  readonly width: number
  readonly colour: boolean
  /** Whole requests with query, headers and body, and those that only follow: polls, pages, reading back. */
  readonly requests?: boolean
  /** After every step what would be released, though it has not changed. */
  readonly unwind?: boolean
  /** Every item of a loop, though its steps are those of another. */
  readonly items?: boolean
}

export interface Printing extends TextOptions {
  readonly wide: boolean
  readonly names: HoldNames
  readonly changing: ReadonlySet<string>
}

export const treeRows = (printing: Printing, level: readonly Outline[], closes: readonly string[]): readonly Row[] => [
  ...levelRows(printing, level, 0),
  ...closes.map((path) =>
    effectRow('release', 0, [{ text: 'the run ends: release ' }, { text: printing.names.one(path), tone: 'good' }]),
  ),
]

function levelRows(printing: Printing, level: readonly Outline[], depth: number): readonly Row[] {
  const ids = level.flatMap((each) => (each.kind === 'step' && each.inner.length === 0 ? [widthOf(each.step.id)] : []))
  const column = Math.min(printing.wide ? 16 : 12, Math.max(0, ...ids))
  return level.flatMap((each) => outlineRows(printing, each, depth, column))
}

function outlineRows(printing: Printing, outline: Outline, depth: number, column: number): readonly Row[] {
  switch (outline.kind) {
    case 'step':
      return stepRows(printing, outline, depth, column)
    case 'part':
      return [
        markRow(outline.of === 'catch' ? '!' : ' ', depth, [
          { text: outline.label, tone: outline.of === 'catch' ? 'caution' : 'notice' },
        ]),
        ...levelRows(printing, outline.inner, depth + 1),
        ...closeRows(printing, outline.closes, depth + 1),
      ]
    case 'alike':
      return [
        markRow(' ', depth, [
          {
            text: outline.labels.length === 1 ? 'the same steps for ' : `the same steps for ${outline.labels.length} more: `,
            tone: 'faint',
          },
          { text: wordsOf(outline.labels, 400), tone: 'notice' },
        ]),
      ]
    default:
      return outline satisfies never
  }
}

function stepRows(
  printing: Printing,
  { step, inner, closes }: Outline & { kind: 'step' },
  depth: number,
  column: number,
): readonly Row[] {
  const sign = step.effect === undefined ? ' ' : EFFECTS[step.effect].sign
  const head = headPieces(printing, step, column)
  return [
    rowAt(CERTAINTIES[step.certainty].mark, sign, depth, head, toneOf(step)),
    ...detailRows(printing, step, depth),
    ...levelRows(printing, inner, depth + 1),
    ...closeRows(printing, closes, depth + 1),
  ]
}

function headPieces({ wide }: Printing, step: PlanStep, column: number): readonly Piece[] {
  const words = wordsOfStep(step)
  const id = step.steps.length > 0 ? step.id : `${step.id}${' '.repeat(Math.max(0, column - widthOf(step.id)))}`
  const inputs = inputPieces(step, wide ? 6 : 4)
  return [
    { text: id, tone: 'strong' },
    { text: words === '' ? '' : `  ${words}`, tone: step.effect === 'read' ? 'plain' : toneOf(step) },
    ...(wide && step.action !== undefined && step.action !== words ? [{ text: `  ${step.action}`, tone: 'faint' as const }] : []),
    ...(step.lock === undefined ? [] : [{ text: '  lock ', tone: 'faint' as const }, { text: step.lock }]),
    ...(step.verb === 'scope' && step.timeoutMs !== undefined ? [{ text: `  at most ${formatDuration(step.timeoutMs)}` }] : []),
    ...inputs,
  ]
}

/** The address of a read says what it is given; so does what an assertion says. */
function inputPieces({ action, effect, input, requests }: PlanStep, most: number): readonly Piece[] {
  if (action === undefined || action === 'core/assert' || (effect === 'read' && requests.length > 0)) return []
  const values = shortInput(input)
  const shown = values
    .slice(0, most)
    .flatMap(({ name, words }, index) => [
      { text: `${index === 0 ? '  ' : ' '}${name} `, tone: 'faint' as const },
      { text: index === values.length - 1 ? words : `${words},` },
    ])
  return values.length > most ? [...shown, { text: ' …', tone: 'faint' }] : shown
}

function detailRows(printing: Printing, step: PlanStep, depth: number): readonly Row[] {
  const { effect, affects, approval, acquires, unwind, path } = step
  const details: (readonly Piece[])[] = [...requestPieces(printing, step)]
  if (affects.length > 0 && effect !== 'read')
    details.push([{ text: 'touches ', tone: 'faint' }, { text: wordsOfAffected(affects) }])
  if (approval) details.push([{ text: 'asks ', tone: 'caution' }, { text: wordsOfApproval(approval) }])
  if (acquires) {
    const facts = holdFacts(acquires).flatMap(({ words, grave }, index) => [
      {
        text: `${index === 0 ? '' : ' '}${words}${index === holdFacts(acquires).length - 1 ? '' : ','}`,
        tone: grave ? ('grave' as const) : ('plain' as const),
      },
    ])
    details.push([{ text: 'held ', tone: 'notice' }, ...facts])
  }
  const tells = printing.unwind ? step.steps.length === 0 && unwind.length > 0 : printing.changing.has(path)
  if (tells) details.push([{ text: 'if it died here: release ', tone: 'faint' }, ...namePieces(printing, unwind)])
  return details.map((body) => rowAt(' ', ' ', depth, body, 'plain', '    '))
}

const namePieces = ({ names }: Printing, paths: readonly string[]): readonly Piece[] =>
  names.all(paths).flatMap((name, index) => [
    { text: index === 0 ? '' : ', then ', tone: 'faint' as const },
    { text: name, tone: 'good' as const },
  ])

function requestPieces({ requests: whole }: Printing, { requests, effect }: PlanStep): readonly (readonly Piece[])[] {
  const shown = whole ? requests : requests.filter(({ purpose }) => purpose === 'call')
  return shown.flatMap((request) => {
    const tone: Tone = effect === 'read' || request.purpose !== 'call' ? 'faint' : 'plain'
    const purpose = PURPOSES[request.purpose]
    const head = [
      { text: `${purpose}${request.target}  `, tone: 'faint' as const },
      { text: `${request.method} ${request.path}`, tone },
    ]
    return whole ? [head, ...wholeRequest(request)] : [head]
  })
}

const PURPOSES: Readonly<Record<Request['purpose'], string>> = {
  call: '→ ',
  poll: '→ then polls ',
  page: '→ then pages ',
  readBack: '→ then reads back ',
}

function wholeRequest({ query, headers, login, body }: Request): readonly (readonly Piece[])[] {
  const lines = (label: string, values: JsonObject) =>
    Object.entries(values).map(([name, value]) => [
      { text: `  ${label} ${name}: `, tone: 'faint' as const },
      { text: wordsOf(value, 2000) },
    ])
  return [
    ...lines('query', query),
    ...lines('header', headers),
    ...(login === undefined ? [] : [[{ text: '  login ', tone: 'faint' as const }, { text: login }]]),
    ...(body === undefined ? [] : [[{ text: '  body ', tone: 'faint' as const }, { text: jsonOf(body) }]]),
  ]
}

const closeRows = (printing: Printing, closes: readonly string[], depth: number): readonly Row[] =>
  closes.length === 0
    ? []
    : [effectRow('release', depth, [{ text: 'closes: release ', tone: 'faint' }, ...namePieces(printing, closes)])]

// ---- rows -------------------------------------------------------------------------------------------------------

function toneOf({ effect, acquires, steps }: PlanStep): Tone {
  if (acquires?.critical || effect === 'destroy') return 'grave'
  if (effect === 'acquire') return 'notice'
  if (effect === 'mutate') return 'caution'
  if (effect === 'release') return 'good'
  return steps.length > 0 || effect === undefined ? 'plain' : 'faint'
}

const markRow = (mark: string, depth: number, body: readonly Piece[]): Row => rowAt(mark, ' ', depth, body)
const effectRow = (effect: keyof typeof EFFECTS, depth: number, body: readonly Piece[]): Row =>
  rowAt(' ', EFFECTS[effect].sign, depth, body, 'good')

function rowAt(mark: string, sign: string, depth: number, body: readonly Piece[], tone: Tone = 'plain', indent = ''): Row {
  const guides = `${'│ '.repeat(depth)}${indent}`
  return {
    lead: [
      { text: `${mark} `, tone: 'caution' },
      { text: `${sign} `, tone },
      { text: guides, tone: 'faint' },
    ],
    hang: `    ${guides}${indent === '' ? '    ' : '  '}`,
    body,
  }
}
