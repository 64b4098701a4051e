// A plan as one page that needs nothing else: no network, no script. Whoever has the file can read it, fold it and print it.
import { createHash } from 'node:crypto'
import { formatCount, formatDuration, formatSize } from '../../../values/index.ts'
import type { Hold, Plan } from '../../model.ts'
import { holdNames } from '../names.ts'
import { type Fact, recordOf } from '../summary.ts'
import { HOLD_HEADS, holdRows, unwindRows } from '../tables.ts'
import { wordsOf, wordsOfResult } from '../value-words.ts'
import { shortEstimate } from '../words.ts'
import { html, type Markup } from './markup.ts'
import { stepsMarkup } from './steps.ts'
import { styleOf } from './style.ts'
import { timelineOf } from './timeline.ts'

export function planAsHtml(plan: Plan): string {
  const timeline = timelineOf(plan)
  const style = styleOf(timeline.lanes)
  const styleHash = createHash('sha256').update(style).digest('base64')
  const facts = recordOf(plan)
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${{ markup: styleHash }}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Plan of ${plan.runbook} ${plan.version}</title>
<style>${{ markup: style }}</style>
</head>
<body>
<header>
<h1>${plan.title ?? plan.runbook}</h1>
<p class="name">Plan of <code>${plan.runbook}</code> ${plan.version} · ${factOf(facts, 'Basis')}</p>
</header>
<main>
${alarms(facts)}
${cards(plan)}
${titled('facts', 'Facts', factTable(facts))}
${titled('timeline', 'Timeline', timeline.markup)}
${titled('steps', 'Steps', stepsMarkup(plan))}
${plan.holds.length === 0 ? undefined : titled('holds', 'Holds', holdTable(plan))}
${titled('unwind', 'If it dies after a step', unwindTable(plan))}
${plan.reads.length === 0 ? undefined : titled('reads', 'What was read', readTable(plan))}
</main>
<footer><p>${plan.complete ? 'Every alternative was looked into.' : 'There are more alternatives than a plan looks into.'} Nothing was changed to make this plan.</p></footer>
</body>
</html>
`
  return page.markup
}

const titled = (id: string, title: string, inner: Markup): Markup => html`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${inner}
</section>`

const factOf = (facts: readonly Fact[], label: string): string =>
  facts.find((each) => each.label === label)?.words.join(' ') ?? ''

// ---- first screen -----------------------------------------------------------------------------------------------

const alarms = (facts: readonly Fact[]): readonly Markup[] =>
  facts
    .filter(({ tone }) => tone === 'grave')
    .map(({ label, words }) => html`<p class="alarm" role="note"><strong>${label}:</strong> ${words.join(' ')}</p>`)

function cards(plan: Plan): Markup {
  const { totals } = plan
  const changing = Object.values(totals.calls)
  const changes = changing.reduce((sum, { changes }) => sum + changes, 0)
  const vms = totals.affects.filter(({ kind }) => kind === 'vm').length
  const more = changing.some(({ more }) => more) ? 'at least ' : ''
  return html`<ul class="cards">
${card('Calls that change something', `${more}${changes}`, vms === 0 ? '' : `on ${formatCount(vms, 'VM')}`)}
${freezeCard(plan)}
${totals.longestHold ? card('Longest hold', holdTime(totals.longestHold), holdNames(plan).one(totals.longestHold.path)) : undefined}
${totals.bytes === undefined ? undefined : card('Data to move', formatSize(totals.bytes), '')}
${totals.duration === undefined ? undefined : card('Takes about', shortEstimate(totals.duration, '–'), '')}
${totals.points.length === 0 ? undefined : card('Restore points', String(totals.points.length), `level ${wordsOf([...new Set(totals.points.map(({ level }) => wordsOfResult(level)))])}`)}
${totals.approvals.length === 0 ? undefined : card('Approvals', String(totals.approvals.length), wordsOf(totals.approvals))}
</ul>`
}

const holdTime = ({
  atMostMs,
  estimate,
}: {
  readonly atMostMs?: number
  readonly estimate?: Hold['window']['estimate']
}): string => (estimate ? shortEstimate(estimate, '–') : atMostMs === undefined ? 'no bound' : `≤ ${formatDuration(atMostMs)}`)

const card = (label: string, figure: string, more: string): Markup =>
  html`<li><span class="label">${label}</span><span class="figure">${figure}</span>${more === '' ? undefined : html`<span class="more">${more}</span>`}</li>
`

/** How much of the freeze that is allowed the worst case takes, and how much is expected. */
function freezeCard(plan: Plan): Markup | undefined {
  const freeze = plan.totals.longestFreeze
  if (!freeze) return undefined
  const maxHoldMs = plan.holds.find(({ path }) => path === freeze.path)?.maxHoldMs
  const allowed = maxHoldMs === undefined ? '' : `; ${formatDuration(maxHoldMs)} allowed`
  const expected = freeze.estimate === undefined ? '' : `, expected ${shortEstimate(freeze.estimate)}`
  const share = (ms: number | undefined): number =>
    maxHoldMs === undefined || ms === undefined ? 0 : Math.round(100 * Math.min(1, ms / maxHoldMs))
  const gauge =
    maxHoldMs === undefined
      ? undefined
      : html`<svg class="gauge" aria-hidden="true" focusable="false"><rect class="allowed" x="0.5" y="0.5" width="99%" height="12" rx="4"/><rect class="worst" y="1" width="${share(freeze.atMostMs)}%" height="11" rx="4"/><rect class="expected" y="1" width="${share(freeze.estimate?.highMs)}%" height="11" rx="4"/></svg>`
  return html`<li class="freeze"><span class="label">Longest freeze</span><span class="figure">${freeze.atMostMs === undefined ? 'no bound' : `≤ ${formatDuration(freeze.atMostMs)}`}</span>${gauge}<span class="more">${holdNames(plan).one(freeze.path)}${allowed}${expected}</span></li>
`
}

function factTable(facts: readonly Fact[]): Markup {
  const rows = facts.filter(({ label, tone }) => label !== 'Basis' && tone !== 'grave')
  return html`<table class="facts"><tbody>
${rows.map(
  ({ label, words }) => html`<tr><th scope="row">${label}</th><td>${words.map((each) => html`<p>${each}</p>`)}</td></tr>
`,
)}</tbody></table>`
}

// ---- tables -----------------------------------------------------------------------------------------------------

function table(head: readonly string[], rows: readonly (readonly (Markup | string)[])[]): Markup {
  const cells = ([first, ...others]: readonly (Markup | string)[]): Markup =>
    html`<tr><th scope="row">${first}</th>${others.map((each, index) => html`<td data-label="${head[index + 1] ?? ''}">${each}</td>`)}</tr>
`
  return html`<div class="scroll"><table class="stack"><thead><tr>${head.map((each) => html`<th scope="col">${each}</th>`)}</tr></thead><tbody>
${rows.map(cells)}</tbody></table></div>`
}

const holdTable = (plan: Plan): Markup =>
  table(
    HOLD_HEADS,
    holdRows(plan).map(({ name, title, critical, facts, deadman, alone }) => [
      name,
      critical ? html`${title} <span class="grave">CRITICAL</span>` : title,
      ...facts,
      alone ? html`<span class="grave">${deadman}</span>` : deadman,
    ]),
  )

function unwindTable(plan: Plan): Markup {
  const rows = unwindRows(plan)
  if (rows.length === 0) return html`<p>At no point is anything held.</p>`
  return table(
    ['Last step that ended', 'Released, in this order'],
    rows.map(({ path, released }) => [html`<code>${path}</code>`, released.join(', then ')]),
  )
}

const readTable = ({ reads }: Plan): Markup =>
  table(
    ['Step', 'Action', 'Answer'],
    reads.map(({ path, action, result }) => [
      html`<code>${path}</code>`,
      action,
      result.kind === 'output' ? wordsOf(result.output, 300) : html`<span class="grave">${result.type}</span>: ${result.message}`,
    ]),
  )
