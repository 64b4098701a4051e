// What people call the things of a plan: VMs by their names where the plan knows them, holds by the shortest name that says which.
import type { Affected, Plan } from '../model.ts'
import { stepsOf } from './outline.ts'
import { decodeKey, lastId, wordsOf } from './value-words.ts'

/** An id's name, where a step said it and it belongs to no other; else the id. */
export function namesOfThings(plan: Plan): (id: string) => string {
  const names = new Map<string, string>()
  const owners = new Map<string, Set<string>>()
  const all: readonly Affected[] = [...plan.totals.affects, ...stepsOf(plan.steps).flatMap(({ affects }) => affects)]
  for (const { id, name } of all) {
    if (typeof id !== 'string' || typeof name !== 'string' || name === '') continue
    names.set(id, name)
    owners.set(name, (owners.get(name) ?? new Set()).add(id))
  }
  return (id) => {
    const name = names.get(id)
    return name !== undefined && owners.get(name)?.size === 1 ? name : id
  }
}

export interface HoldNames {
  /** `session`, or `session of erp-db`; the path where that does not say which. */
  one(path: string): string
  /** In their order; neighbours that differ only in their item together: `session of erp-db, erp-app`. */
  all(paths: readonly string[]): readonly string[]
}

export function holdNames(plan: Plan): HoldNames {
  const nameOf = namesOfThings(plan)
  const itemOf = (path: string): string | undefined => {
    const key = /.*\[([^\]]*)\]/.exec(path)?.[1]
    return key === undefined || key === '*' ? undefined : nameOf(decodeKey(key))
  }
  const short = (path: string): string => {
    const item = itemOf(path)
    return item === undefined ? lastId(path) : `${lastId(path)} of ${item}`
  }
  const paths = new Set(plan.holds.map(({ path }) => path))
  const taken = Map.groupBy(paths, short)
  const one = (path: string): string => ((taken.get(short(path)) ?? []).length > 1 ? path : short(path))
  const all = (several: readonly string[]): readonly string[] => {
    const groups: { of: string; items: string[]; name: string }[] = []
    for (const path of several) {
      const name = one(path)
      const item = name === path ? undefined : itemOf(path)
      const of = item === undefined ? '' : path.replaceAll(/\[[^\]]*\]/g, '[]')
      const last = groups.at(-1)
      if (item !== undefined && last?.of === of) last.items.push(item)
      else groups.push({ of, items: item === undefined ? [] : [item], name })
    }
    return groups.map(({ of, items, name }) => (items.length < 2 ? name : `${lastId(of)} of ${wordsOf(items, 200)}`))
  }
  return { one, all }
}
