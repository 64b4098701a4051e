// Restore points, as far as the vocabulary of manifests tells of them: what stores a VM, what commits its point, what freezes it. [P8, P9]
import { actionNamed, type Path, resourceNamed } from '../kernel/index.ts'
import { type Action, meaningsIn, meant, wordsIn } from '../packs/index.ts'
import { isUnknown } from '../values/index.ts'
import { identityOf } from './identity.ts'
import type { Freeze, Sent, Subject, Violation, World } from './model.ts'
import { altered, withEntry } from './records.ts'

/** What every point may claim. */
const LEAST = 'crash'

type Role = 'stores' | 'commits' | 'storesAndCommits' | 'freezes' | 'snapshots'
const roles = new WeakMap<Action, Role | 'none'>()

function roleOf(subject: Subject, action: Action): Role | 'none' {
  const known = roles.get(action) ?? newRoleOf(subject, action)
  roles.set(action, known)
  return known
}

/** As a plan takes it: what is given a VM and extents moves them; what is given a VM, a level and a consistency makes a point. */
function newRoleOf({ truth }: Subject, action: Action): Role | 'none' {
  if (action.effect === 'acquire' && resourceNamed(truth, action.resource ?? '').critical) return 'freezes'
  if (action.effect === 'acquire') return wordsIn(action.output).has('snapshot') ? 'snapshots' : 'none'
  const words = wordsIn(action.input)
  if (action.effect !== 'mutate' || !words.has('vm')) return 'none'
  if (words.has('extents')) return 'stores'
  if (!words.has('level') || !words.has('consistency')) return 'none'
  return words.has('folders') ? 'storesAndCommits' : 'commits'
}

const isOfPoints = (role: Role | 'none'): boolean => role === 'stores' || role === 'commits' || role === 'storesAndCommits'

/** Equal for equal VMs; undefined where the action is given none. */
function vmOf({ input }: Action, sent: Sent): string | undefined {
  const vm = meant(meaningsIn(input, sent.command.input), 'vm')
  return vm === undefined ? undefined : identityOf(vm)
}

// ---- when a call leaves -----------------------------------------------------------------------------------------

export function judgePoint(subject: Subject, world: World, sent: Sent, found: Violation[]): void {
  const action = actionNamed(subject.truth, sent.command.action)
  const role = roleOf(subject, action)
  const vm = isOfPoints(role) ? vmOf(action, sent) : undefined
  if (vm === undefined) return
  const { path } = sent.command
  if (role === 'storesAndCommits') return judgeClaim(world, sent, action, vm, found)
  if (role === 'stores') {
    if (world.points[vm] === 'committed') {
      found.push({
        promise: 'P8',
        path,
        text: `${path} stores more of a VM whose restore point is committed: its base has advanced too early`,
      })
    }
    world.points = withEntry(world.points, vm, 'missing')
    return
  }
  if (world.points[vm] === undefined) {
    found.push({ promise: 'P8', path, text: `${path} commits a restore point, and nothing of its VM was stored in this run` })
  } else if (world.points[vm] === 'missing') {
    found.push({ promise: 'P8', path, text: `${path} commits a restore point, and not all of its VM is stored` })
  }
  judgeClaim(world, sent, action, vm, found)
}

/** What only a run can tell is the platform's word, or follows from it: that is not judged. */
function judgeClaim(world: World, { command }: Sent, action: Action, vm: string, found: Violation[]): void {
  const { path, input } = command
  const claim = meant(meaningsIn(action.input, input), 'consistency')
  const isBold = typeof claim === 'string' && claim !== LEAST
  const level = isUnknown(claim) ? `‹${claim.$unknown}›` : String(claim ?? LEAST)
  world.claims = withEntry(world.claims, vm, { path, level, isBold })
  if (!isBold) return
  const say = (why: string): void => void found.push({ promise: 'P9', path, text: `${path} claims ${claim} consistency, ${why}` })
  const freezes = Object.entries(world.freezes).filter(([, freeze]) => isOf(freeze, vm))
  const [broken] = freezes.find(([, { broken }]) => broken) ?? []
  if (broken !== undefined) return say(`though ${broken} ended by itself`)
  if (!freezes.some(([, { acquired }]) => acquired)) return say('though nothing of its VM was frozen')
  if (!freezes.some(([, { covers }]) => covers)) say('though no snapshot was taken while it was frozen')
}

const isOf = (freeze: Freeze, vm: string | undefined): boolean => freeze.vm === undefined || vm === undefined || freeze.vm === vm

// ---- in sum -----------------------------------------------------------------------------------------------------

export const GUEST = { frozen: 'frozen', alone: 'thawed by itself', thawed: 'thawed', never: 'never frozen' } as const

/** How guests are left. */
export function guestIn({ freezes, things }: World): string {
  const frozen = Object.keys(freezes).some((path) => things[path]?.presence === 'there')
  if (frozen) return GUEST.frozen
  const all = Object.values(freezes)
  return all.length === 0 ? GUEST.never : all.some(({ broken }) => broken) ? GUEST.alone : GUEST.thawed
}

/** What the committed points say of their consistency. */
export const levelsIn = ({ points, claims }: World): readonly string[] =>
  Object.entries(claims).flatMap(([vm, { level }]) => (points[vm] === 'committed' ? [level] : []))

// ---- what happens -----------------------------------------------------------------------------------------------

/** A call has taken effect and its success is told. */
export function pointSucceeded(subject: Subject, world: World, sent: Sent): void {
  const action = actionNamed(subject.truth, sent.command.action)
  const role = roleOf(subject, action)
  const vm = isOfPoints(role) ? vmOf(action, sent) : undefined
  if (vm === undefined) return
  if (role !== 'stores') world.points = withEntry(world.points, vm, 'committed')
  else if (!world.calls.some((other) => isStoring(subject, other, vm))) world.points = withEntry(world.points, vm, 'stored')
}

function isStoring(subject: Subject, sent: Sent, vm: string): boolean {
  const action = actionNamed(subject.truth, sent.command.action)
  return roleOf(subject, action) === 'stores' && vmOf(action, sent) === vm
}

/** Something is there now: a freeze begins, or a snapshot falls into those that hold. `sent`: absent where it appears late. */
export function appeared(subject: Subject, world: World, path: Path, type: string, sent?: Sent): void {
  const actions = Object.values(subject.truth.actions).filter(({ effect, resource }) => effect === 'acquire' && resource === type)
  const vm = sent && vmOf(actionNamed(subject.truth, sent.command.action), sent)
  if (actions.some((action) => roleOf(subject, action) === 'freezes')) {
    const freeze = { ...(vm === undefined ? {} : { vm }), acquired: false, covers: false, broken: false }
    world.freezes = withEntry(world.freezes, path, freeze)
  }
  if (!actions.some((action) => roleOf(subject, action) === 'snapshots')) return
  for (const [frozen, freeze] of Object.entries(world.freezes)) {
    if (isOf(freeze, vm) && world.things[frozen]?.presence === 'there')
      world.freezes = altered(world.freezes, frozen, { covers: true })
  }
}

/** The run learnt that it holds this. */
export function held(world: World, path: Path): void {
  world.freezes = altered(world.freezes, path, { acquired: true })
}

/** It ended, and nobody asked for that. */
export function brokeOff(world: World, path: Path, found: Violation[]): void {
  const freeze = world.freezes[path]
  if (!freeze) return
  world.freezes = altered(world.freezes, path, { broken: true })
  for (const [vm, { path: commit, isBold }] of Object.entries(world.claims)) {
    if (!isBold || !isOf(freeze, vm)) continue
    found.push({ promise: 'P9', path: commit, text: `${commit} claimed consistency while ${path} could still end by itself` })
  }
}
