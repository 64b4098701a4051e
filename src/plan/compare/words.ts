// Values, steps and changes in words; the one wording for diagnostics, terminals and Markdown.
import { formatDuration, formatSize, isObject, isUnknown, type Json, type JsonObject } from '../../values/index.ts'
import type { Affected, Basis, PlanStep } from '../model.ts'
import type { Change } from './model.ts'

const MOST_CHARACTERS = 100

/** A value on one line; what only a run can tell as ‹where from›. */
export function show(value: Json | undefined): string {
  if (value === undefined) return 'nothing'
  if (isUnknown(value)) return `‹${value.$unknown}›`
  const text = JSON.stringify(value, (_, inner: Json) => (isUnknown(inner) ? `‹${inner.$unknown}›` : inner))
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text
}

/** `Ms` and `bytes` in what is changed say what a number counts. */
export const showAs = (what: string | undefined, value: Json | undefined): string => {
  if (isObject(value) && typeof value.lowMs === 'number' && typeof value.highMs === 'number')
    return `${formatDuration(value.lowMs)} to ${formatDuration(value.highMs)}`
  if (typeof value !== 'number' || what === undefined) return show(value)
  if (what.endsWith('Ms')) return formatDuration(value)
  return /(?:^|\.)bytes$|Bytes$/.test(what) ? formatSize(value) : show(value)
}

export const affectedInWords = ({ kind, id, name }: Affected): string =>
  `${kind} ${typeof id === 'string' ? id : show(id)}${name === undefined ? '' : ` (${typeof name === 'string' ? name : show(name)})`}`

/** What a step is, where all of it was added or removed. */
export const stepFacts = ({ verb, certainty, action, effect, input, affects, lock, approval }: PlanStep): JsonObject => ({
  verb,
  certainty,
  ...(action === undefined ? {} : { action }),
  ...(effect === undefined ? {} : { effect }),
  ...(input === undefined ? {} : { input }),
  ...(affects.length === 0 ? {} : { affects: affects.map(affectedInWords) }),
  ...(lock === undefined ? {} : { lock }),
  ...(approval === undefined ? {} : { approval: { ...approval } }),
})

/** `sangfor-scp/cbt.enable (mutate) of vm vm-1` */
export function factsInWords(facts: Json | undefined): string {
  if (!isObject(facts)) return show(facts)
  const { verb, action, effect, input, affects, lock, type, identity } = facts
  if (type !== undefined) return `${show(type).slice(1, -1)} ${show(identity)}`
  const what = `${action ?? verb}${effect === undefined ? '' : ` (${effect})`}`
  const of = Array.isArray(affects) ? ` of ${affects.join(', ')}` : given(input)
  return `${what}${of}${lock === undefined ? '' : `, lock ${lock}`}`
}

/** The short values of an input: targets and handles say nothing here. */
function given(input: Json | undefined): string {
  if (!isObject(input) || isUnknown(input)) return ''
  const short = Object.entries(input).filter(([, value]) => !isObject(value) && !Array.isArray(value))
  return short.length === 0 ? '' : `, ${short.map(([name, value]) => `${name} ${show(value)}`).join(', ')}`
}

const CERTAINTY: Readonly<Record<string, string>> = {
  will: 'sure to run',
  may: 'dependent on what is found',
  each: 'run for each item',
  onFailure: 'run only after a failure',
}

function otherwise(less: Json | undefined, more: Json | undefined): string {
  const names = (list: Json | undefined): string => (Array.isArray(list) ? list.join(', ') : '')
  const parts = [names(more) && `${names(more)}, too`, names(less) && `${names(less)} no more`]
  return parts.filter((part) => part !== '').join('; ')
}

/** One drift as a sentence: the step, what it was, what it is. */
export function driftInWords({ at, kind, what, was, is }: Change): string {
  if (kind === 'added') return `${at} would run, and is not in the plan: ${factsInWords(is)}`
  if (kind === 'removed') return `${at} would not run any more: ${factsInWords(was)}`
  if (what === 'certainty')
    return `${at} was ${CERTAINTY[String(was)] ?? was} in the plan, and is ${CERTAINTY[String(is)] ?? is} now`
  if (what === 'affects') return `${at} would touch something else: ${otherwise(was, is)}`
  return `${at}: ${what} was ${showAs(what, was)} in the plan, and is ${showAs(what, is)} now`
}

export function basisInWords(basis: Basis): string {
  switch (basis.kind) {
    case 'offline':
      return 'made offline'
    case 'read':
      return `read at ${basis.at}`
    case 'run':
      return `made from run ${basis.run}`
    default:
      return basis satisfies never
  }
}
