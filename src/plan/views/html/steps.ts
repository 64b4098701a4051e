// The steps of a plan as a tree that folds, with each request as it would go over the wire.
import { formatDuration } from '../../../values/index.ts'
import type { Plan, PlanStep, Request } from '../../model.ts'
import { type HoldNames, holdNames } from '../names.ts'
import { type Outline, outlineOf } from '../outline.ts'
import { shortInput, wordsOf } from '../value-words.ts'
import { CERTAINTIES, EFFECTS, holdFacts, wireLines, wordsOfAffected, wordsOfApproval, wordsOfStep } from '../words.ts'
import { html, type Markup } from './markup.ts'

export function stepsMarkup(plan: Plan): Markup {
  const names = holdNames(plan)
  return html`<ul class="tree">
${outlineOf(plan, false).map((each) => outlineMarkup(each, names))}${closesMarkup(plan.closes, names)}
</ul>`
}

function outlineMarkup(outline: Outline, names: HoldNames): Markup {
  switch (outline.kind) {
    case 'step':
      return outline.inner.length === 0 ? leafMarkup(outline, names) : blockMarkup(headOf(outline.step), outline, names)
    case 'part':
      return blockMarkup(html`<i>${outline.label}</i>`, outline, names)
    case 'alike':
      return html`<li class="leaf quiet">the same steps for ${wordsOf(outline.labels, 400)}</li>
`
    default:
      return outline satisfies never
  }
}

function blockMarkup(
  head: Markup,
  { inner, closes }: { readonly inner: readonly Outline[]; readonly closes: readonly string[] },
  names: HoldNames,
): Markup {
  return html`<li><details open><summary>${head}</summary><ul>
${inner.map((each) => outlineMarkup(each, names))}${closesMarkup(closes, names)}</ul></details></li>
`
}

function leafMarkup({ step, closes }: Outline & { kind: 'step' }, names: HoldNames): Markup {
  const details = detailsOf(step, names)
  const closing = closesMarkup(closes, names)
  if (details.length === 0)
    return html`<li><div class="leaf">${headOf(step)}</div></li>
${closing}`
  return html`<li><details><summary>${headOf(step)}</summary><div class="detail">${details}</div></details></li>
${closing}`
}

function headOf(step: PlanStep): Markup {
  const { id, effect, certainty, lock, verb, timeoutMs } = step
  const sign = effect === undefined ? undefined : html`<span class="sign ${effect}">${EFFECTS[effect].words}</span> `
  const facts = [
    ...(certainty === 'will' ? [] : [CERTAINTIES[certainty].words]),
    ...(lock === undefined ? [] : [`lock ${lock}`]),
    ...(verb === 'scope' && timeoutMs !== undefined ? [`at most ${formatDuration(timeoutMs)}`] : []),
  ]
  return html`${sign}<b>${id}</b> ${wordsOfStep(step)}${facts.length === 0 ? undefined : html` <span class="quiet">· ${facts.join(' · ')}</span>`}`
}

function detailsOf(step: PlanStep, names: HoldNames): readonly Markup[] {
  const { action, affects, approval, acquires, unwind, requests } = step
  const inputs = shortInput(step.input)
  return [
    ...(action === undefined
      ? []
      : [
          html`<p class="quiet">${action}${inputs.length === 0 ? '' : ': '}${inputs.map(({ name, words }) => `${name} ${words}`).join(', ')}</p>`,
        ]),
    ...(approval ? [html`<p>asks ${wordsOfApproval(approval)}</p>`] : []),
    ...(affects.length > 0 ? [html`<p>touches ${wordsOfAffected(affects)}</p>`] : []),
    ...(acquires
      ? [
          html`<p>held ${holdFacts(acquires).map(({ words, grave }, index) => html`${index === 0 ? '' : ', '}${grave ? html`<span class="grave">${words}</span>` : words}`)}</p>`,
        ]
      : []),
    ...(unwind.length > 0 ? [html`<p>if it died here: release ${names.all(unwind).join(', then ')}</p>`] : []),
    ...requests.map(requestMarkup),
  ]
}

const requestMarkup = (request: Request): Markup =>
  html`<pre>${wireLines(request).map((line, index) => html`${index === 0 ? '' : NEW_LINE}${line}`)}</pre>`

/** Text loses its line ends where it is made harmless. */
const NEW_LINE: Markup = { markup: '\n' }

const closesMarkup = (closes: readonly string[], names: HoldNames): Markup | undefined =>
  closes.length === 0
    ? undefined
    : html`<li class="leaf"><span class="sign release">closes</span> release ${names.all(closes).join(', then ')}</li>
`
