// The timeline: every step a row, in order; holds as bars along them, the freeze as a band with what it may last, renewals as ticks, approvals as gates.
import { formatDuration } from '../../../values/index.ts'
import type { Hold, Plan, PlanStep } from '../../model.ts'
import { type HoldNames, holdNames } from '../names.ts'
import { type Outline, outlineOf } from '../outline.ts'
import { wordsOf } from '../value-words.ts'
import { CERTAINTIES, EFFECTS, shortEstimate, wordsOfApproval, wordsOfStep } from '../words.ts'
import { html, type Markup } from './markup.ts'
import { LANE_WIDTH, ROW_HEIGHT } from './style.ts'

interface Row {
  readonly depth: number
  readonly kind: 'step' | 'block' | 'release' | 'alike'
  readonly label: string
  readonly words: string
  readonly step?: PlanStep
  /** Path of the hold that ends here. */
  readonly ends?: string
}

interface Bar {
  readonly hold: Hold
  readonly from: number
  readonly to: number
  readonly lane: number
}

export interface Timeline {
  readonly lanes: number
  readonly markup: Markup
}

export function timelineOf(plan: Plan): Timeline {
  const names = holdNames(plan)
  const rows = [...rowsOf(outlineOf(plan, false), 0, names), ...plan.closes.map((path) => releaseRow(path, 0, names))]
  const bars = barsOf(rows)
  const lanes = Math.max(0, ...bars.map(({ lane }) => lane + 1))
  const markup = html`<figure class="timeline">
<figcaption>From top to bottom in the order of the run. Point at a step, or move to it with the Tab key, to see what would be released if the run died right after it.</figcaption>
<div class="chart">
${drawing(rows, bars, lanes)}
<ol>
${rows.map((row) => rowMarkup(row, names))}
</ol>
</div>
${keys(bars, rows)}
</figure>`
  return { lanes, markup }
}

// ---- rows -------------------------------------------------------------------------------------------------------

function rowsOf(level: readonly Outline[], depth: number, names: HoldNames): readonly Row[] {
  return level.flatMap((outline): readonly Row[] => {
    if (outline.kind === 'alike')
      return [{ depth, kind: 'alike', label: '', words: `the same for ${wordsOf(outline.labels, 400)}` }]
    const head: Row =
      outline.kind === 'part'
        ? { depth, kind: 'block', label: outline.label, words: '' }
        : {
            depth,
            kind: outline.inner.length === 0 ? 'step' : 'block',
            label: outline.step.id,
            words: wordsOfStep(outline.step),
            step: outline.step,
          }
    return [head, ...rowsOf(outline.inner, depth + 1, names), ...outline.closes.map((path) => releaseRow(path, depth + 1, names))]
  })
}

const releaseRow = (path: string, depth: number, names: HoldNames): Row => ({
  depth,
  kind: 'release',
  label: `release ${names.one(path)}`,
  words: '',
  ends: path,
})

/** Side by side where they overlap; a hold that nothing here releases lasts to the end. */
function barsOf(rows: readonly Row[]): readonly Bar[] {
  const bars: Bar[] = []
  for (const [from, { step }] of rows.entries()) {
    if (!step?.acquires) continue
    const hold = step.acquires
    const end = rows.findIndex(({ ends }) => ends === hold.path)
    const to = end < from ? rows.length - 1 : end
    const taken = new Set(bars.filter((bar) => bar.to >= from).map(({ lane }) => lane))
    let lane = 0
    while (taken.has(lane)) lane += 1
    bars.push({ hold, from, to, lane })
  }
  return bars
}

function rowMarkup({ depth, kind, label, words, step }: Row, names: HoldNames): Markup {
  const effect = kind === 'release' ? 'release' : step?.effect
  const sign = effect === undefined ? (step?.verb === 'approve' ? '◆' : '') : EFFECTS[effect].sign
  const tip = kind === 'step' && step ? tipMarkup(step, names) : undefined
  const tone = step?.verb === 'approve' ? 'approval' : (effect ?? '')
  return html`<li class="${kind}"${tip ? html` tabindex="0"` : undefined}><span class="mark ${tone} d${Math.min(depth, 8)}">${sign}</span><span class="what"><b class="${tone === 'read' ? '' : tone}">${label}</b>${doubt(step)} ${words}</span>${step ? noteMarkup(step) : undefined}${tip}</li>
`
}

const doubt = (step: PlanStep | undefined): Markup | undefined =>
  step === undefined || step.certainty === 'will' ? undefined : html` <i class="quiet">(${CERTAINTIES[step.certainty].words})</i>`

function noteMarkup(step: PlanStep): Markup | undefined {
  const { acquires, approval, duration, timeoutMs, lock } = step
  if (acquires?.critical) {
    const { atMostMs } = acquires.window
    const lasts = atMostMs === undefined ? 'without a bound' : `≤ ${formatDuration(atMostMs)}`
    const allowed = acquires.maxHoldMs === undefined ? '' : ` of ${formatDuration(acquires.maxHoldMs)}`
    return html`<span class="note frozen">frozen ${lasts}${allowed}</span>`
  }
  if (approval) return html`<span class="note">${wordsOfApproval(approval)}</span>`
  const time = duration ? shortEstimate(duration) : timeoutMs === undefined ? '' : `at most ${formatDuration(timeoutMs)}`
  // The lock last: a long name is cut at the edge.
  const notes = [time, lock === undefined ? '' : `lock ${lock}`].filter((each) => each !== '')
  return notes.length === 0 ? undefined : html`<span class="note">${notes.join(' · ')}</span>`
}

function tipMarkup({ unwind }: PlanStep, names: HoldNames): Markup {
  if (unwind.length === 0) return html`<div class="tip">If it died here: nothing to release.</div>`
  return html`<div class="tip">If it died here, released in this order:<ol>${names.all(unwind).map((name) => html`<li>${name}</li>`)}</ol></div>`
}

// ---- drawing ----------------------------------------------------------------------------------------------------

const middle = (row: number): number => row * ROW_HEIGHT + ROW_HEIGHT / 2

function drawing(rows: readonly Row[], bars: readonly Bar[], lanes: number): Markup {
  const gates = rows.flatMap(({ step }, row) => (step?.verb === 'approve' ? [row] : []))
  return html`<svg aria-hidden="true" focusable="false">
<defs><pattern id="hatch" width="10" height="10" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="band" width="10" height="10"/><line class="hatch" x1="0" y1="0" x2="0" y2="10"/></pattern></defs>
${bars.filter(({ hold }) => hold.critical).map(bandMarkup)}
${gates.map(gateMarkup)}
${bars.map((bar) => railMarkup(bar, lanes * LANE_WIDTH + 8))}
</svg>`
}

/** The freeze: a band over its rows, and at its right edge how much of what is allowed it may take. */
function bandMarkup({ hold, from, to }: Bar): Markup {
  const top = from * ROW_HEIGHT
  const height = (to - from + 1) * ROW_HEIGHT
  return html`<rect x="0" y="${top}" width="100%" height="${height}" rx="6" fill="url(#hatch)"/>
<line class="edge" x1="0" x2="100%" y1="${top}" y2="${top}"/><line class="edge" x1="0" x2="100%" y1="${top + height}" y2="${top + height}"/>
${limitMarkup(hold, top + 4, height - 8)}`
}

function limitMarkup({ maxHoldMs, window }: Hold, top: number, height: number): Markup | undefined {
  if (maxHoldMs === undefined) return undefined
  const share = (ms: number | undefined): number => Math.round(height * Math.min(1, (ms ?? maxHoldMs) / maxHoldMs))
  const expected = window.estimate === undefined ? 0 : share(window.estimate.highMs)
  return html`<svg class="limit" x="100%" y="${top}" overflow="visible"><rect class="allowed" x="-18" y="0" width="10" height="${height}" rx="3"/><rect class="worst" x="-18" y="0" width="10" height="${share(window.atMostMs)}" rx="3"/><rect class="expected" x="-18" y="0" width="10" height="${expected}" rx="3"/></svg>
`
}

const gateMarkup = (row: number): Markup =>
  html`<line class="gate" x1="0" x2="100%" y1="${middle(row) - ROW_HEIGHT / 2 + 2}" y2="${middle(row) - ROW_HEIGHT / 2 + 2}"/><line class="gate" x1="0" x2="100%" y1="${middle(row) + ROW_HEIGHT / 2 - 2}" y2="${middle(row) + ROW_HEIGHT / 2 - 2}"/>
`

function railMarkup({ hold, from, to, lane }: Bar, end: number): Markup {
  const x = lane * LANE_WIDTH + 4
  const top = middle(from)
  const bottom = middle(to)
  const kind = hold.critical ? 'critical' : hold.leaseEveryMs === undefined ? '' : 'leased'
  const height = Math.max(10, bottom - top)
  return html`<line class="branch ${kind}" x1="${x + 5}" x2="${end}" y1="${top}" y2="${top}"/><line class="branch ${kind}" x1="${x + 5}" x2="${end}" y1="${bottom}" y2="${bottom}"/><rect class="rail ${kind}" x="${x}" y="${top - 5}" width="10" height="${height + 10}" rx="5"/>
${ticks(hold, x, top, height)}`
}

const TICK_GAP = 7

/** One for each renewal to expect, as far as they can be told apart. */
function ticks({ leaseEveryMs, window }: Hold, x: number, top: number, height: number): readonly Markup[] {
  if (leaseEveryMs === undefined) return []
  const room = Math.floor(height / TICK_GAP) - 1
  const amount = Math.max(0, Math.min(window.renewals?.high ?? room, room))
  return Array.from({ length: amount }, (_, index) => {
    const y = Math.round(top + ((index + 1) * height) / (amount + 1))
    return html`<line class="tick" x1="${x}" x2="${x + 10}" y1="${y}" y2="${y}"/>`
  })
}

function keys(bars: readonly Bar[], rows: readonly Row[]): Markup | undefined {
  const has = (kind: (hold: Hold) => boolean): boolean => bars.some(({ hold }) => kind(hold))
  const shown = [
    ...(has(({ critical }) => critical)
      ? [key('rail critical', 'a guest is frozen; the bar at the right is what is allowed, filled to the worst case')]
      : []),
    ...(has(({ leaseEveryMs }) => leaseEveryMs !== undefined)
      ? [key('rail leased', 'held under a lease; each notch is a renewal')]
      : []),
    ...(has(({ critical, leaseEveryMs }) => !critical && leaseEveryMs === undefined) ? [key('rail', 'held')] : []),
    ...(rows.some(({ step }) => step?.verb === 'approve') ? [key('lock', 'waits for approval')] : []),
  ]
  return shown.length === 0 ? undefined : html`<ul class="keys">${shown}</ul>`
}

const key = (style: string, words: string): Markup =>
  html`<li><svg aria-hidden="true" focusable="false" viewBox="0 0 22 12"><rect class="${style}" y="1" width="22" height="10" rx="5"/></svg>${words}</li>`
