// A plan for people: what runs, what it takes, what is let go, and what stands at risk after each step.
import { formatDuration, isObject, isUnknown, type Json } from '../values/index.ts'
import type { Certainty, Hold, Plan, PlanStep } from './model.ts'

const MARKS: Readonly<Record<Certainty, string>> = { will: ' ', may: '?', each: '*', onFailure: '!' }

/** Effects that change nothing on the far side are the quiet ones. */
const SIGNS: Readonly<Record<string, string>> = { read: '·', mutate: '~', acquire: '+', release: '-', destroy: 'x' }

export function planAsText(plan: Plan): string {
  const lines = [
    `plan  ${plan.runbook} ${plan.version}${plan.title === undefined ? '' : `  ${plan.title}`}`,
    ...Object.entries(plan.inputs).map(([name, value]) => `      ${name} = ${show(value)}`),
    ...Object.entries(plan.targets).map(
      ([name, value]) => `      ${name} → ${isObject(value) ? show(value.$target ?? null) : show(value)}`,
    ),
    '',
    ...plan.steps.flatMap((step) => stepLines(step, 0)),
    ...plan.closes.map((path) => `    - release ${path}`),
    '',
    ...heldLines(plan),
    legend(plan),
  ]
  return `${lines.join('\n')}\n`
}

function stepLines(step: PlanStep, depth: number): readonly string[] {
  const indent = '  '.repeat(depth)
  const sign = step.effect === undefined ? ' ' : (SIGNS[step.effect] ?? ' ')
  const what = step.action === undefined ? step.verb : `${step.action}`
  const lock = step.lock === undefined ? '' : `  lock ${step.lock}`
  const bound = step.verb === 'scope' && step.timeoutMs !== undefined ? `  at most ${formatDuration(step.timeoutMs)}` : ''
  const head = `${MARKS[step.certainty]} ${sign} ${indent}${step.id}  ${what}${lock}${bound}${given(step.input)}`
  const under = `    ${indent}  `
  return [
    head,
    ...(step.acquires === undefined ? [] : [`${under}holds ${holdText(step.acquires)}`]),
    ...(step.acquires === undefined ? [] : [`${under}if it died here: release ${step.unwind.join(', then ')}`]),
    ...step.steps.flatMap((inner) => stepLines(inner, depth + 1)),
    ...step.closes.map((path) => `  - ${indent}  close: release ${path}`),
  ]
}

/** The short values of an input: targets and handles say nothing here that the tree does not. */
function given(input: Json | undefined): string {
  if (input === undefined) return ''
  if (!isObject(input) || isUnknown(input)) return `  ${show(input)}`
  const shown = Object.entries(input).flatMap(([name, value]) => {
    if (isObject(value) && (value.$target !== undefined || value.obligation !== undefined)) return []
    return [`${name}=${show(value)}`]
  })
  return shown.length === 0 ? '' : `  ${shown.join(' ')}`
}

function show(value: Json): string {
  if (isUnknown(value)) return `‹${value.$unknown}›`
  if (typeof value === 'string') return value
  const text = JSON.stringify(value, (_, inner: Json) => (isUnknown(inner) ? `‹${inner.$unknown}›` : inner))
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

function holdText(hold: Hold): string {
  const facts = [
    hold.type,
    show(hold.identity),
    `owner ${hold.owner}`,
    ...(hold.critical ? ['CRITICAL'] : []),
    ...(hold.maxHoldMs === undefined ? [] : [`at most ${formatDuration(hold.maxHoldMs)}`]),
    ...(hold.leaseEveryMs === undefined || hold.leaseLifetimeMs === undefined
      ? []
      : [`lease ${formatDuration(hold.leaseLifetimeMs)}, renewed every ${formatDuration(hold.leaseEveryMs)}`]),
    ...(hold.deadman === undefined ? [] : [hold.deadman === 'none' ? 'NO dead-man' : `dead-man: ${hold.deadman}`]),
    ...(hold.keptOnSuccess ? ['kept on success'] : []),
  ]
  return facts.join(', ')
}

function heldLines(plan: Plan): readonly string[] {
  if (plan.holds.length === 0) return ['holds nothing']
  return [`holds ${plan.holds.length}: ${plan.holds.map((hold) => hold.path).join(', ')}`]
}

function legend(plan: Plan): string {
  const signs = '· reads  ~ changes  + acquires  - releases  x destroys'
  const marks = '? depends on what is found  * for each item  ! only after a failure'
  const partial = plan.complete ? '' : '\nnot complete: there are more alternatives than a plan looks into'
  return `${signs}\n${marks}\nno call was made${partial}`
}
