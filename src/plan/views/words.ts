// Steps, holds, times and requests in a reader's words: one wording for every view. It may not escape for an output, nor wrap.
import { formatCount, formatDuration, formatSize, isObject, isUnknown, type Json, type JsonObject } from '../../values/index.ts'
import type { Affected, Approval, Basis, Certainty, Estimate, Hold, HoldWindow, PlanStep, Request } from '../model.ts'
import { isMark, isReference, jsonOf, lastId, nameIn, wordsOf, wordsOfJoined } from './value-words.ts'

/** A step's certainty, as a mark for narrow places and in words. What runs in any case needs no mark. */
export const CERTAINTIES: Readonly<Record<Certainty, { readonly mark: string; readonly words: string }>> = {
  will: { mark: ' ', words: 'runs' },
  may: { mark: '?', words: 'depends on what is found' },
  each: { mark: '*', words: 'for each item' },
  onFailure: { mark: '!', words: 'only after a failure' },
}

/** Effects that change nothing on the far side are the quiet ones. */
export const EFFECTS = {
  read: { sign: '·', words: 'reads' },
  mutate: { sign: '~', words: 'changes' },
  acquire: { sign: '+', words: 'acquires' },
  release: { sign: '-', words: 'releases' },
  destroy: { sign: 'x', words: 'destroys' },
} as const

// ---- time and size ----------------------------------------------------------------------------------------------

export function wordsOfEstimate(estimate: Estimate): string {
  const { from } = estimate
  const source =
    from.kind === 'runs' ? `${formatCount(from.count, 'earlier run')}` : `the stated rate of ${formatSize(from.bytesPerSecond)}/s`
  return `about ${shortEstimate(estimate)} (from ${source})`
}

/** `25m to 1h10m`. */
export const shortEstimate = ({ lowMs, highMs }: Estimate, dash = ' to '): string => {
  const [low, high] = [formatDuration(lowMs), formatDuration(highMs)]
  return low === high ? low : `${low}${dash}${high}`
}

export const wordsOfBound = ({ atMostMs }: Pick<HoldWindow, 'atMostMs'>): string =>
  atMostMs === undefined ? 'without a bound' : `at most ${formatDuration(atMostMs)}`

/** `2026-11-20T03:00:00.000Z` → `2026-11-20 03:00Z`; another text stays. */
export const wordsOfMoment = (text: string): string => text.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?Z$/, '$1 $2Z')

export function wordsOfBasis(basis: Basis, reads: number): string {
  switch (basis.kind) {
    case 'offline':
      return 'nothing was read and no call was made; ‹…› is what only a run can tell'
    case 'read':
      return `${formatCount(reads, 'read')} at ${wordsOfMoment(basis.at)}; nothing was changed`
    case 'run':
      return `what run ${basis.run} was told; no call was made`
    default:
      return basis satisfies never
  }
}

// ---- steps and holds --------------------------------------------------------------------------------------------

/** What a step does, in a few words. */
export function wordsOfStep({ verb, title, action, runbook, input }: PlanStep): string {
  const on = input === undefined ? '' : wordsOf(input)
  if (action === 'core/assert' && isObject(input)) return wordsOfAssertion(input)
  switch (verb) {
    case 'uses':
      return title ?? action ?? ''
    case 'foreach':
      return wordsOfLoop(input)
    case 'parallel':
      return 'at the same time'
    case 'switch':
      return on === '' ? 'one of these' : `depending on ${on}`
    case 'wait':
      return on === '' ? 'wait' : `wait ${on}`
    case 'approve':
      return 'wait for approval'
    case 'runbook':
      return `runbook ${runbook ?? title ?? ''}`.trimEnd()
    case 'end':
      return on === '' ? 'let go early' : `let go of ${on} early`
    case 'fail':
      return on === '' ? 'fail' : `fail: ${on}`
    default:
      return title ?? (verb === 'scope' ? '' : verb)
  }
}

/** Items that have no name of their own are counted, or called by where they would come from. */
function wordsOfLoop(input: Json | undefined): string {
  if (input === undefined) return 'for each item'
  if (isMark(input)) return `for each of ${wordsOf(input)}`
  const items = Array.isArray(input) ? input : [input]
  if (items.length === 0) return 'for no item'
  if (!items.some((each) => isObject(each) && !isMark(each) && nameIn(each) === undefined)) return `for each of ${wordsOf(items)}`
  const source = items.length === 1 ? commonSource(items) : undefined
  if (source !== undefined) return `for each of ‹${source}›`
  return items.length === 1 ? 'for each item' : `for each of ${items.length} items`
}

/** `steps.a.value`, where what is unknown in a value would come from `steps.a.value.…`. */
function commonSource(value: Json): string | undefined {
  const [first = '', ...others] = sourcesIn(value)
  const parts = first.split('.').slice(0, -1)
  while (parts.length > 1 && !others.every((each) => each.startsWith(`${parts.join('.')}.`))) parts.pop()
  return parts.length > 1 ? parts.join('.') : undefined
}

function sourcesIn(value: Json): readonly string[] {
  if (isUnknown(value)) return [value.$unknown]
  return Array.isArray(value) ? value.flatMap(sourcesIn) : isObject(value) ? Object.values(value).flatMap(sourcesIn) : []
}

/** What its author wrote for people to read when it does not hold; without that, what is asserted. */
function wordsOfAssertion({ that, message }: JsonObject): string {
  const said = message === undefined ? undefined : saidBy(message)
  const tells = isUnknown(that) && (said === undefined || isReference(that.$unknown))
  const unless = tells ? ` unless ${wordsOf(that, 100)}` : ''
  if (that === true) return 'passes, as far as it is known'
  const stops = that === false ? 'stops' : `may stop${unless}`
  return said === undefined ? stops : `${stops}: “${said}”`
}

/** Nothing where it is computed in a way that says nothing. */
const saidBy = (message: Json): string | undefined =>
  isUnknown(message) && wordsOfJoined(message.$unknown) === undefined ? undefined : wordsOf(message, 200).trim()

export function wordsOfApproval({ prompt, by, timeoutMs }: Approval): string {
  const who = by === undefined ? '' : ` by ${wordsOf(by)}`
  const until = timeoutMs === undefined ? '' : `, within ${formatDuration(timeoutMs)}`
  return `“${wordsOf(prompt, 200)}”${who}${until}`
}

/** What a reader must know of a hold, shortest first. */
export function holdFacts(hold: Hold): readonly { readonly words: string; readonly grave: boolean }[] {
  const { critical, maxHoldMs, keptOnSuccess, window } = hold
  const deadman = deadmanWords(hold)
  const lease = leaseWords(hold)
  const fact = (words: string, grave = false) => ({ words, grave })
  return [
    ...(critical ? [fact('CRITICAL', true)] : []),
    fact(keptOnSuccess ? `${wordsOfWindow(hold)}, but kept when the run succeeds` : wordsOfWindow(hold)),
    ...(window.atMostMs === undefined ? [] : [fact(wordsOfBound(window))]),
    ...(maxHoldMs === undefined ? [] : [fact(`allowed ${formatDuration(maxHoldMs)}`)]),
    ...(window.estimate === undefined ? [] : [fact(wordsOfEstimate(window.estimate))]),
    ...(lease === undefined ? [] : [fact(lease)]),
    ...(deadman === undefined ? [] : [hold.deadman === 'none' ? fact(deadman, true) : fact(`dead-man: ${deadman}`)]),
  ]
}

/** Nothing where the pack says nothing of it. */
export const deadmanWords = ({ deadman, deadmanAfterMs }: Hold): string | undefined =>
  deadman === 'none' ? 'NO dead-man' : deadmanAfterMs === undefined ? deadman : `after ${formatDuration(deadmanAfterMs)}`

/** Nothing where there is no lease. */
export function leaseWords({ leaseEveryMs, leaseLifetimeMs, window: { renewals } }: Hold): string | undefined {
  if (leaseEveryMs === undefined || leaseLifetimeMs === undefined) return undefined
  const lease = `lease of ${formatDuration(leaseLifetimeMs)} renewed every ${formatDuration(leaseEveryMs)}`
  if (renewals === undefined) return lease
  const { low, high } = renewals
  return `${lease} (${low === high ? low : low === 0 ? `at most ${high}` : `${low} to ${high}`} times)`
}

export function wordsOfWindow({ owner }: Hold): string {
  if (owner === 'run' || owner === '') return 'until the run ends'
  return owner.endsWith(']') ? 'until its item is done' : `until ${lastId(owner)} closes`
}

/** Things of one kind together: `VMs erp-app, erp-db; storage vs-1`. */
export function wordsOfAffected(affected: readonly Affected[]): string {
  const byKind = Map.groupBy(affected, ({ kind }) => kind)
  return [...byKind]
    .map(
      ([kind, things]) =>
        `${kindWords(kind, things.length)} ${wordsOf(
          things.map(({ id, name }) => name ?? id),
          120,
        )}`,
    )
    .join('; ')
}

export const kindWords = (kind: string, amount: number): string => {
  const word = kind === 'vm' ? 'VM' : kind
  return amount === 1 ? word : word.endsWith('y') ? `${word.slice(0, -1)}ies` : `${word}s`
}

// ---- requests ---------------------------------------------------------------------------------------------------

const PURPOSES: Readonly<Record<Request['purpose'], string>> = {
  call: '',
  poll: ', polled',
  page: ', further pages',
  readBack: ', to read back',
}

/** A request as it would go over the wire, with marks for what is unknown or secret. */
export function wireLines({ purpose, target, method, path, query, headers, login, body }: Request): readonly string[] {
  const pairs = (label: string, values: JsonObject): readonly string[] =>
    Object.entries(values).map(([name, value]) => `  ${label} ${name}: ${wordsOf(value, 2000)}`)
  return [
    `${method} ${path}  (${target}${PURPOSES[purpose]})`,
    ...pairs('query', query),
    ...pairs('header', headers),
    ...(login === undefined ? [] : [`  signed by ${login}`]),
    ...(body === undefined ? [] : [`  body ${jsonOf(body, 2).replaceAll('\n', '\n  ')}`]),
  ].flatMap((line) => line.split('\n'))
}
