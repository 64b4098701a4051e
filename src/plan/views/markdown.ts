// A plan for a change ticket, in GitHub's Markdown: facts, blast radius, holds, approvals, steps, requests, and what is released if it dies.
import { formatDuration, printable } from '../../values/index.ts'
import type { Plan, PlanStep, Request } from '../model.ts'
import { type HoldNames, holdNames } from './names.ts'
import { type Outline, outlineOf, stepsOf } from './outline.ts'
import { recordOf } from './summary.ts'
import { HOLD_HEADS, holdRows, shownSteps, unwindRows } from './tables.ts'
import { wordsOf } from './value-words.ts'
import { CERTAINTIES, EFFECTS, holdFacts, kindWords, wireLines, wordsOfApproval, wordsOfStep } from './words.ts'

export function planAsMarkdown(plan: Plan): string {
  const names = holdNames(plan)
  const sections = [
    [`# Plan of ${code(plan.runbook)} ${text(plan.version)}`, ...(plan.title === undefined ? [] : ['', text(plan.title)])],
    table(
      ['', ''],
      recordOf(plan).map(({ label, words, tone }) => [tone === 'grave' ? `**${label}**` : label, words.map(text).join('<br>')]),
    ),
    titled(
      'Blast radius',
      table(
        ['Kind', 'Name', 'Id'],
        plan.totals.affects.map(({ kind, id, name }) => [
          text(kindWords(kind, 1)),
          text(wordsOf(name ?? '–')),
          cell(wordsOf(id)),
        ]),
      ),
    ),
    titled('Holds', holdTable(plan)),
    titled(
      'Approvals',
      stepsOf(plan.steps).flatMap(({ path, approval }) =>
        approval ? [`- ${code(path)} ${text(wordsOfApproval(approval))}`] : [],
      ),
    ),
    titled('Steps', [
      ...outlineOf(plan, false).flatMap((each) => outlineLines(names, each, 0)),
      ...closeLines(names, plan.closes, 0),
    ]),
    titled('If it dies after a step', unwindTable(plan)),
    titled('Could not be read', failedReads(plan)),
    requestLines(plan),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

const titled = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [`## ${title}`, '', ...lines]

// ---- tables -----------------------------------------------------------------------------------------------------

const table = (head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] =>
  rows.length === 0 ? [] : [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)

const holdTable = (plan: Plan): readonly string[] =>
  table(
    HOLD_HEADS,
    holdRows(plan).map(({ name, title, critical, facts, deadman, alone }) => [
      cell(name),
      `${text(title)}${critical ? ' **CRITICAL**' : ''}`,
      ...facts.map(text),
      alone ? `**${text(deadman)}**` : text(deadman),
    ]),
  )

const unwindTable = (plan: Plan): readonly string[] =>
  table(
    ['Last step that ended', 'Released, in this order'],
    unwindRows(plan).map(({ path, released }) => [cell(path), released.map(cell).join(', then ')]),
  )

const failedReads = ({ reads }: Plan): readonly string[] =>
  reads.flatMap(({ path, result }) =>
    result.kind === 'failure' ? [`- ${code(path)} ${text(`${result.type}: ${result.message}`)}`] : [],
  )

// ---- steps ------------------------------------------------------------------------------------------------------

function outlineLines(names: HoldNames, outline: Outline, depth: number): readonly string[] {
  switch (outline.kind) {
    case 'step':
      return [
        item(depth, stepWords(outline.step)),
        ...stepDetails(names, outline.step).map((each) => item(depth + 1, each)),
        ...outline.inner.flatMap((each) => outlineLines(names, each, depth + 1)),
        ...closeLines(names, outline.closes, depth + 1),
      ]
    case 'part':
      return [
        item(depth, `*${text(outline.label)}*`),
        ...outline.inner.flatMap((each) => outlineLines(names, each, depth + 1)),
        ...closeLines(names, outline.closes, depth + 1),
      ]
    case 'alike':
      return [item(depth, text(`the same steps for ${wordsOf(outline.labels, 400)}`))]
    default:
      return outline satisfies never
  }
}

const item = (depth: number, words: string): string => `${'  '.repeat(depth)}- ${words}`

function stepWords(step: PlanStep): string {
  const { id, effect, certainty, lock, verb, timeoutMs } = step
  const words = wordsOfStep(step)
  const facts = [
    `**${text(id)}**`,
    ...(words === '' ? [] : [text(words)]),
    ...(effect === undefined || effect === 'read' ? [] : [`**${EFFECTS[effect].words}**`]),
    ...(certainty === 'will' ? [] : [`*${CERTAINTIES[certainty].words}*`]),
    ...(lock === undefined ? [] : [`lock ${code(lock)}`]),
    ...(verb === 'scope' && timeoutMs !== undefined ? [`at most ${formatDuration(timeoutMs)}`] : []),
  ]
  return facts.join(' · ')
}

function stepDetails(names: HoldNames, { approval, acquires, requests }: PlanStep): readonly string[] {
  return [
    ...requests.filter(({ purpose }) => purpose === 'call').map((request) => requestWords(request)),
    ...(approval ? [`asks ${text(wordsOfApproval(approval))}`] : []),
    ...(acquires
      ? [
          `holds ${code(names.one(acquires.path))}: ${holdFacts(acquires)
            .map(({ words, grave }) => (grave ? `**${text(words)}**` : text(words)))
            .join(', ')}`,
        ]
      : []),
  ]
}

const closeLines = (names: HoldNames, closes: readonly string[], depth: number): readonly string[] =>
  closes.length === 0 ? [] : [item(depth, `closes: **releases** ${names.all(closes).map(code).join(', then ')}`)]

const requestWords = ({ target, method, path }: Request): string => `${text(target)} ${code(`${method} ${path}`)}`

// ---- requests ---------------------------------------------------------------------------------------------------

function requestLines(plan: Plan): readonly string[] {
  const steps = shownSteps(plan).filter(({ requests }) => requests.length > 0)
  if (steps.length === 0) return []
  const blocks = steps.flatMap(({ path, requests }) => [code(path), '', ...fenced(requests.flatMap(wireLines)), ''])
  return ['<details>', '<summary>Requests</summary>', '', ...blocks, '</details>']
}

function fenced(lines: readonly string[]): readonly string[] {
  const clean = lines.map(printable)
  const longest = Math.max(2, ...clean.flatMap((line) => Array.from(line.matchAll(/`+/g), ([run]) => run.length)))
  const fence = '`'.repeat(longest + 1)
  return [`${fence}text`, ...clean, fence]
}

// ---- escaping ---------------------------------------------------------------------------------------------------

/** Plain text: what Markdown, HTML or GitHub's formulas would read as theirs is escaped. */
const text = (words: string): string =>
  printable(words).replace(/[\\`*[\]<>|~&#$]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, (character) => `\\${character}`)

/** A code span outside of tables; what looks like its end inside is fenced by more. */
function code(words: string): string {
  const clean = printable(words)
  const longest = Math.max(0, ...Array.from(clean.matchAll(/`+/g), ([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  const pad = clean.startsWith('`') || clean.endsWith('`') ? ' ' : ''
  return `${fence}${pad}${clean}${pad}${fence}`
}

/** A code span in a table: there a bar ends the cell even inside code. */
const cell = (words: string): string => code(words).replaceAll('|', '\\|')
