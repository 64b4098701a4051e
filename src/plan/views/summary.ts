// The first screen of a plan, the same facts for every view: what it is, what it changes, how long, and what nobody lets go.
import { formatCount, formatDuration, formatSize, isObject, type Json } from '../../values/index.ts'
import type { Hold, Plan, PlannedPoint, PlanStep } from '../model.ts'
import { holdNames, namesOfThings } from './names.ts'
import { stepsOf } from './outline.ts'
import { inputsInWords, wordsOf, wordsOfResult } from './value-words.ts'
import {
  EFFECTS,
  kindWords,
  wordsOfAffected,
  wordsOfApproval,
  wordsOfBasis,
  wordsOfBound,
  wordsOfEstimate,
  wordsOfMoment,
} from './words.ts'

export interface Fact {
  readonly label: string
  /** One or more lines. */
  readonly words: readonly string[]
  readonly tone: 'plain' | 'caution' | 'grave'
}

/** Facts in the order in which they matter to whoever approves. A fact that a plan cannot have is left out. */
export function summaryOf(plan: Plan): readonly Fact[] {
  return [
    fact('Basis', [wordsOfBasis(plan.basis, plan.reads.length)]),
    fact('Inputs', named(inputsInWords(plan.inputs))),
    fact('Targets', [
      Object.entries(plan.targets)
        .map(([name, value]) => `${name} → ${targetWords(value)}`)
        .join(', '),
    ]),
    fact('Changes', [changes(plan)]),
    fact('Touches', [wordsOfAffected(plan.totals.affects)]),
    freezeFact(plan),
    fact('Longest hold', longestHold(plan)),
    fact('Data', data(plan)),
    fact('Duration', plan.totals.duration === undefined ? [] : [wordsOfEstimate(plan.totals.duration)]),
    fact('Calls', calls(plan)),
    fact('Restore points', points(plan)),
    fact('RPO', recovery(plan)),
    fact('Approvals', approvals(plan), 'caution'),
    fact('Locks', [plan.locks.length === 0 ? '' : wordsOf(plan.locks, 400)]),
    fact('NO dead-man', withoutDeadman(plan), 'grave'),
    fact('Verified', [verified(plan)], plan.verified ? 'plain' : 'caution'),
    fact('Incomplete', plan.complete ? [] : ['there are more alternatives than a plan looks into'], 'grave'),
  ].filter(({ words }) => words.some((each) => each !== ''))
}

const verified = ({ verified: tried }: Plan): string =>
  tried === undefined
    ? 'not verified: “holdfast check --verify” tries what can go wrong'
    : `${formatCount(tried.faults, 'fault')}, ${formatCount(tried.items, 'item')}: nothing is left behind`

/** For those who approve and those who keep: also the texts that the plan was made from. */
export const recordOf = (plan: Plan): readonly Fact[] =>
  [...summaryOf(plan), pinsOf(plan)].filter(({ words }) => words.length > 0)

/** What an approval is an approval of: another text of the runbook or of a pack would be another plan. */
const pinsOf = ({ pins }: Plan): Fact =>
  fact(
    'Pinned texts',
    Object.entries(pins).map(([role, sha256]) => `${role} ${sha256.slice(0, PIN_CHARACTERS)}`),
  )

const PIN_CHARACTERS = 16

const fact = (label: string, words: readonly string[], tone: Fact['tone'] = 'plain'): Fact => ({ label, words, tone })

const named = (values: readonly { readonly name: string; readonly words: string }[]): readonly string[] => [
  values.map(({ name, words }) => `${name} ${words}`).join(', '),
]

const targetWords = (value: Json): string =>
  isObject(value) && typeof value.connection === 'string' ? `${wordsOf(value)} (${value.connection})` : wordsOf(value)

function changes(plan: Plan): string {
  const perTarget = Object.values(plan.totals.calls)
  const calls = perTarget.reduce((sum, { changes }) => sum + changes, 0)
  const effects = Object.groupBy(stepsOf(plan.steps), ({ effect }) => effect ?? 'read')
  const parts = (['acquire', 'mutate', 'destroy'] as const).flatMap((effect) => {
    const steps = effects[effect]?.length ?? 0
    return steps === 0 ? [] : [`${steps} ${EFFECTS[effect].words.slice(0, -1)}`]
  })
  if (parts.length === 0 && calls === 0) return 'nothing: it only reads'
  const vms = plan.totals.affects.filter(({ kind }) => kind === 'vm').length
  const on = vms === 0 ? '' : ` on ${formatCount(vms, kindWords('vm', 1))}`
  const more = perTarget.some(({ more }) => more) ? 'at least ' : ''
  const sum = calls === 0 ? '' : `${more}${formatCount(calls, 'call')}${on}`
  const steps = parts.length === 0 ? '' : `steps: ${parts.join(', ')}`
  return `${sum === '' ? steps : steps === '' ? sum : `${sum} (${steps})`}${releases(plan)}`
}

function releases({ holds }: Plan): string {
  const released = holds.filter(({ keptOnSuccess }) => !keptOnSuccess).length
  const kept = holds.length - released
  return `${released === 0 ? '' : `; ${formatCount(released, 'hold')} released`}${kept === 0 ? '' : `; ${kept} kept`}`
}

function freezeFact(plan: Plan): Fact {
  const freeze = plan.totals.longestFreeze
  if (!freeze) return fact('Freeze', plan.holds.length === 0 ? [] : ['none: no step freezes a guest'])
  const hold = plan.holds.find(({ path }) => path === freeze.path)
  const allowed = hold?.maxHoldMs === undefined ? '' : ` of the ${formatDuration(hold.maxHoldMs)} allowed`
  return fact('Freeze', [`${holdNames(plan).one(freeze.path)}: ${wordsOfBound(freeze)}${allowed}${estimate(freeze)}`], 'caution')
}

const estimate = ({ estimate: about }: { readonly estimate?: Hold['window']['estimate'] }): string =>
  about === undefined ? '' : `, ${wordsOfEstimate(about)}`

function longestHold(plan: Plan): readonly string[] {
  const { longestHold: longest } = plan.totals
  if (!longest || longest.path === plan.totals.longestFreeze?.path) return []
  const title = plan.holds.find(({ path }) => path === longest.path)?.title
  const name = `${holdNames(plan).one(longest.path)}${title === undefined ? '' : ` (${title})`}`
  return [`${name}: ${wordsOfBound(longest)}${estimate(longest)}`]
}

function data({ totals, steps }: Plan): readonly string[] {
  if (totals.bytes !== undefined) return [`${formatSize(totals.bytes)} to move`]
  const moves = totals.points.length > 0 || stepsOf(steps).some(({ action }) => action === 'block-transfer/copy')
  return moves ? ['not known: no changed-block query was read'] : []
}

const calls = ({ totals }: Plan): readonly string[] =>
  Object.entries(totals.calls).map(([target, { reads, changes, more }]) => {
    const sum = `${formatCount(reads, 'read')}, ${formatCount(changes, 'change')}`
    return `${target}: ${sum}${more ? ', and more in loops, polls and pages' : ''}`
  })

const points = (plan: Plan): readonly string[] =>
  perVm(plan, ({ level, consistency }) => `level ${wordsOfResult(level)}, consistency ${wordsOfResult(consistency)}`)

/** VMs of which the same is to be said, together. */
function perVm(plan: Plan, say: (point: PlannedPoint) => string): readonly string[] {
  const callName = namesOfThings(plan)
  const said = Map.groupBy(plan.totals.points, say)
  said.delete('')
  return [...said].map(
    ([words, same]) =>
      `${wordsOf(
        same.map(({ vm }) => (typeof vm === 'string' ? callName(vm) : vm)),
        120,
      )}: ${words}`,
  )
}

/** How much would be lost with the VM until the run commits. */
const recovery = (plan: Plan): readonly string[] =>
  perVm(plan, ({ previous }) => {
    if (previous === undefined) return ''
    if (previous === null) return 'no restore point so far'
    if (typeof previous !== 'string') return `newest point so far ${wordsOf(previous)}`
    const takenMs = Date.parse(previous)
    const atMs = plan.basis.kind === 'read' ? Date.parse(plan.basis.at) : Number.NaN
    const age = atMs >= takenMs ? `, ${formatDuration(atMs - takenMs)} before this plan` : ''
    return `newest point so far ${wordsOfMoment(previous)}${age}`
  })

function approvals({ totals, steps }: Plan): readonly string[] {
  const byPath = new Map(stepsOf(steps).map((step) => [step.path, step]))
  return totals.approvals.map((path) => {
    const approval = byPath.get(path)?.approval
    return approval === undefined ? path : `${path}: ${wordsOfApproval(approval)}`
  })
}

function withoutDeadman(plan: Plan): readonly string[] {
  const names = holdNames(plan)
  const doubtful = new Set(doubtfulOf(plan.steps, false))
  const left = plan.holds
    .filter(({ deadman }) => deadman === 'none')
    .map(({ path, title }) => `${names.one(path)} (${title}${doubtful.has(path) ? ', if it comes to that' : ''})`)
  if (left.length === 0) return []
  return [`${left.join(', ')}: if Holdfast dies, this stays until “holdfast resume” or “holdfast reap”`]
}

/** Paths of steps that may be left out: by a condition, in a catch, or with a block around them. */
const doubtfulOf = (steps: readonly PlanStep[], within: boolean): readonly string[] =>
  steps.flatMap((step) => {
    const doubt = within || step.certainty === 'may' || step.certainty === 'onFailure'
    return [...(doubt ? [step.path] : []), ...doubtfulOf(step.steps, doubt)]
  })
