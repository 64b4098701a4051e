// A plan at a terminal: the facts on the first screen, then the tree. Narrow terminals get what matters at night: no action names, all wrapped.
import type { Plan } from '../model.ts'
import { layOut, type Piece, type Row } from './layout.ts'
import { holdNames } from './names.ts'
import { outlineOf, stepsOf, stepsThatChangeUnwind } from './outline.ts'
import { summaryOf } from './summary.ts'
import { type Printing, type TextOptions, treeRows } from './text-tree.ts'
import { CERTAINTIES, EFFECTS } from './words.ts'

const WIDE = 100
const LABEL_COLUMNS = 16

export function planAsText(plan: Plan, options: TextOptions): string {
  const printing: Printing = {
    ...options,
    wide: options.width >= WIDE,
    names: holdNames(plan),
    changing: stepsThatChangeUnwind(plan),
  }
  const rows = [
    ...summaryRows(plan),
    EMPTY,
    ...treeRows(printing, outlineOf(plan, options.items ?? false), plan.closes),
    ...failedReads(plan),
    EMPTY,
    ...legend(plan),
  ]
  return rows.map((row) => `${layOut(row, options.width, options.colour).join('\n')}\n`).join('')
}

const EMPTY: Row = { lead: [], hang: '', body: [] }
const line = (...body: readonly Piece[]): Row => ({ lead: [], hang: '', body })

// ---- summary ----------------------------------------------------------------------------------------------------

function summaryRows(plan: Plan): readonly Row[] {
  const facts = summaryOf(plan).flatMap(({ label, words, tone }) =>
    words.map((each, index) => ({
      lead: [{ text: (index === 0 ? label : '').padEnd(LABEL_COLUMNS), tone: tone === 'plain' ? ('faint' as const) : tone }],
      hang: ' '.repeat(LABEL_COLUMNS),
      body: [{ text: each, tone: tone === 'caution' ? ('plain' as const) : tone }],
    })),
  )
  return [
    line({ text: plan.runbook, tone: 'strong' }, { text: ` ${plan.version}` }),
    ...(plan.title === undefined ? [] : [line({ text: plan.title })]),
    EMPTY,
    ...facts,
  ]
}

function failedReads({ reads }: Plan): readonly Row[] {
  return reads.flatMap(({ path, result }) =>
    result.kind === 'output'
      ? []
      : [line({ text: `could not read for ${path}: `, tone: 'caution' }, { text: `${result.type}: ${result.message}` })],
  )
}

/** Only the signs and marks that the tree shows. */
function legend(plan: Plan): readonly Row[] {
  const steps = stepsOf(plan.steps)
  const released = plan.closes.length > 0 || steps.some(({ closes }) => closes.length > 0)
  const effects = Object.entries(EFFECTS).filter(
    ([effect]) => steps.some((step) => step.effect === effect) || (effect === 'release' && released),
  )
  const certainties = Object.entries(CERTAINTIES).filter(
    ([each, { mark }]) => mark !== ' ' && steps.some(({ certainty }) => certainty === each),
  )
  const rows = [
    effects.map(([, { sign, words }]) => `${sign} ${words}`),
    certainties.map(([, { mark, words }]) => `${mark} ${words}`),
  ]
  return rows.flatMap((row) => (row.length === 0 ? [] : [line({ text: row.join('  '), tone: 'faint' })]))
}
