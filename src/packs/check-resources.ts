// Rules for resource types: what is held can always be found, kept and let go.
import { ENGINE_FAILURES } from '../language/index.ts'
import { isSecretSlot } from '../values/index.ts'
import { checkSweep } from './check-sweeps.ts'
import { actionNamed, type Checked, checkName, presence, propertiesOf, requiredOf, shown } from './checked.ts'
import * as codes from './codes.ts'
import type { Action, Lease, ResourceType } from './model.ts'
import type { Path } from './place.ts'

export function checkResources(checked: Checked): void {
  for (const [name, resource] of Object.entries(checked.pack.resources)) {
    const subject = { name, resource, path: ['resources', name], acquires: acquiresOf(checked, resource) }
    checkIdentity(checked, subject)
    checkLookUp(checked, subject, 'find')
    checkLookUp(checked, subject, 'probe')
    checkSweep(checked, name, resource, subject.path)
    checkRelease(checked, subject)
    checkLease(checked, subject)
    checkCritical(checked, subject)
    checkParents(checked, subject)
  }
}

interface Subject {
  readonly name: string
  readonly resource: ResourceType
  readonly path: Path
  readonly acquires: readonly Action[]
}

const acquiresOf = ({ pack }: Checked, resource: ResourceType): readonly Action[] =>
  Object.values(pack.actions).filter((action) => action.effect === 'acquire' && action.resource === resource.name)

function checkIdentity(checked: Checked, { resource, path, acquires }: Subject): void {
  for (const acquire of acquires) {
    for (const [index, name] of resource.identity.entries()) {
      if (presence(acquire.input, name) === 'never') {
        const place = checked.at([...path, 'identity', String(index)])
        checked.report(
          codes.nameUnknown(
            place,
            `input of ${shown(checked, acquire.name)} named`,
            name,
            Object.keys(propertiesOf(acquire.input)),
          ),
        )
      }
    }
  }
}

function checkLookUp(checked: Checked, { resource, path, acquires }: Subject, role: 'find' | 'probe'): void {
  const called = resource[role]
  if (called === undefined) return
  const place = [...path, role]
  checkName(checked, 'actions', called, place)
  const action = actionNamed(checked, called)
  if (!action) return
  if (action.effect !== 'read')
    checked.report(codes.effectWrong(checked.at(place), role, shown(checked, called), action.effect, 'read'))
  if (!requiredOf(action.output).includes('found'))
    checked.report(codes.findOutput(checked.at(place), shown(checked, called), 'found'))
  for (const acquire of acquires) {
    checkObtainable(checked, { role, action, acquire, place, before: role === 'find' })
    if (role === 'find') checkAdoption(checked, action, acquire, place)
  }
}

/** What is found stands in for what the acquire would have answered. */
function checkAdoption(checked: Checked, find: Action, acquire: Action, place: Path): void {
  for (const name of requiredOf(acquire.output)) {
    const answered = presence(find.output, name) !== 'never' || presence(acquire.input, name) !== 'never'
    if (!answered)
      checked.report(codes.findOutput(checked.at(place), shown(checked, find.name), name, shown(checked, acquire.name)))
  }
}

function checkRelease(checked: Checked, { name, resource, path, acquires }: Subject): void {
  const place = [...path, 'release', 'action']
  const called = resource.release.action
  checkName(checked, 'actions', called, place)
  const action = actionNamed(checked, called)
  if (action) {
    if (action.effect !== 'release') {
      checked.report(codes.effectWrong(checked.at(place), 'the release', shown(checked, called), action.effect, 'release'))
    }
    for (const acquire of acquires) checkObtainable(checked, { role: 'the release', action, acquire, place, before: false })
    checkFailures(checked, resource.release.gone, action, [...path, 'release', 'gone'])
  }
  if (resource.find === undefined && !releasesBlindly(action, resource, acquires)) {
    checked.report(codes.releaseUnsafe(checked.at(path), name))
  }
}

/** A release that may be tried although nobody knows whether there is anything to release. */
function releasesBlindly(action: Action | undefined, resource: ResourceType, acquires: readonly Action[]): boolean {
  if (!resource.release.idempotent) return false
  if (!action) return true
  const needed = requiredOf(action.input).filter((name) => name !== 'reason')
  return needed.every((name) => acquires.every((acquire) => presence(acquire.input, name) === 'always'))
}

function checkLease(checked: Checked, { name, resource, path, acquires }: Subject): void {
  const { lease } = resource
  if (!lease) return
  const place = [...path, 'lease', 'renew']
  checkName(checked, 'actions', lease.renew, place)
  const action = actionNamed(checked, lease.renew)
  const renewedMs = renewedAfterOneLoss(lease, action)
  if (renewedMs > lease.lifetimeMs)
    checked.report(codes.leaseTooSlow(checked.at([...path, 'lease', 'every']), name, renewedMs, lease.lifetimeMs))
  if (!action) return
  if (action.effect !== 'mutate' && action.effect !== 'read') {
    checked.report(
      codes.effectWrong(checked.at(place), 'the renewal', shown(checked, lease.renew), action.effect, 'mutate or read'),
    )
  } else if (action.idempotent === false) checked.report(codes.renewalUnsafe(checked.at(place), shown(checked, lease.renew)))
  for (const acquire of acquires) checkObtainable(checked, { role: 'the renewal', action, acquire, place, before: false })
  checkFailures(checked, lease.lost, action, [...path, 'lease', 'lost'])
}

/** A renewal is given `every` to answer, and a lost one is made good after a sixth of that. */
function renewedAfterOneLoss({ everyMs }: Lease, action: Action | undefined): number {
  const answerMs = Math.min(everyMs, action?.timeoutMs ?? 0)
  return Math.round(everyMs + everyMs + everyMs / 6 + answerMs)
}

function checkFailures(checked: Checked, types: readonly string[], action: Action, path: Path): void {
  const known = [...Object.keys(action.failures), ...ENGINE_FAILURES]
  for (const [index, type] of types.entries()) {
    if (known.includes(type)) continue
    const place = checked.at([...path, String(index)])
    checked.report(
      codes.nameUnknown(place, `failure of ${shown(checked, action.name)} named`, type, Object.keys(action.failures)),
    )
  }
}

interface Calling {
  readonly role: string
  readonly action: Action
  readonly acquire: Action
  readonly place: Path
  /** Called before the acquire has answered: only its input is at hand. */
  readonly before: boolean
}

/** The kernel takes these inputs by name: from the handle, else from the acquiring call's input. */
function checkObtainable(checked: Checked, { role, action, acquire, place, before }: Calling): void {
  for (const [name, slot] of Object.entries(propertiesOf(action.input))) {
    if (isSecretSlot(propertiesOf(acquire.input)[name]) && !isSecretSlot(slot))
      checked.report(
        codes.secretUnmarked(checked.at(place), role, shown(checked, action.name), name, shown(checked, acquire.name)),
      )
  }
  for (const name of requiredOf(action.input)) {
    if (name === 'reason' && action.effect === 'release') continue
    const sources = [presence(acquire.input, name), before ? 'never' : presence(acquire.output, name)]
    if (sources.includes('always')) continue
    const weak = sources.includes('perhaps')
    checked.report(
      codes.inputUnobtainable(checked.at(place), role, shown(checked, action.name), name, shown(checked, acquire.name), weak),
    )
  }
}

function checkCritical(checked: Checked, { name, resource, path }: Subject): void {
  if (resource.lease && !resource.critical && resource.deadman === undefined)
    checked.report(codes.deadmanMissing(checked.at([...path, 'lease']), name))
  if (!resource.critical) return
  const missing = [
    ...(resource.maxHoldMs === undefined ? ['maxHold'] : []),
    ...(resource.deadman === undefined ? ['deadman'] : []),
  ]
  if (missing.length > 0) checked.report(codes.criticalUnbounded(checked.at([...path, 'critical']), name, missing))
}

function checkParents(checked: Checked, { name, resource, path }: Subject): void {
  for (const [index, parent] of resource.childOf.entries()) {
    checkName(checked, 'resources', checked.raw.resources?.[name]?.childOf?.[index] ?? parent, [
      ...path,
      'childOf',
      String(index),
    ])
  }
  const cycle = cycleFrom(checked, resource.name)
  // A cycle is told once, at the first of its members by name.
  if (cycle?.every((member) => resource.name <= member)) {
    checked.report(codes.parentCycle(checked.at([...path, 'childOf']), [...cycle, resource.name].map(unqualified)))
  }
}

const unqualified = (name: string): string => name.slice(name.indexOf('/') + 1)

/** The way from a type over its parents back to itself. */
function cycleFrom({ pack }: Checked, start: string): readonly string[] | undefined {
  const visited = new Set<string>()
  const follow = (name: string, path: readonly string[]): readonly string[] | undefined => {
    for (const parent of pack.resources[unqualified(name)]?.childOf ?? []) {
      if (parent === start) return path
      if (visited.has(parent)) continue
      visited.add(parent)
      const found = follow(parent, [...path, parent])
      if (found) return found
    }
    return undefined
  }
  return follow(start, [start])
}
