// Rules for sweeps: reads that lead from one to the next, and at the end to all that identifies the resource.
import { isObject } from '../values/index.ts'
import { actionNamed, type Checked, checkName, propertiesOf, requiredOf, shown } from './checked.ts'
import * as codes from './codes.ts'
import { listingOf } from './listing.ts'
import type { Action, ResourceType } from './model.ts'
import type { Path } from './place.ts'

export function checkSweep(checked: Checked, name: string, resource: ResourceType, path: Path): void {
  const known = new Set<string>()
  const steps = resource.sweep ?? []
  for (const [index, called] of steps.entries()) {
    const place = [...path, 'sweep', String(index)]
    checkName(checked, 'actions', called, place)
    const action = actionNamed(checked, called)
    if (!action) return
    const say = (problem: string): void => checked.report(codes.sweepOutput(checked.at(place), shown(checked, called), problem))
    if (action.effect !== 'read')
      checked.report(codes.effectWrong(checked.at(place), 'the sweep', shown(checked, called), action.effect, 'read'))
    for (const input of neededBy(action)) if (!known.has(input)) say(`needs ${input}, which nothing that is listed before it has`)
    const listing = listingOf(action)
    if (!listing) return say('does not answer exactly one required list of objects')
    for (const property of requiredOf(listing.items)) known.add(property)
    if (index < steps.length - 1) continue
    const missing = resource.identity.filter((each) => !known.has(each))
    for (const property of missing) say(`lists what does not always have ${property}, which identifies a ${name}`)
  }
}

/** Required inputs, but for the target. */
const neededBy = ({ input }: Action): readonly string[] =>
  requiredOf(input).filter((name) => {
    const property = propertiesOf(input)[name]
    return !(isObject(property) && property['x-connection'] !== undefined)
  })
