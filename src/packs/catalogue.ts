// All that a set of packs offers, by qualified name.
import type { Runbook } from '../language/index.ts'
import type { Action, Catalogue, ConnectionType, Pack, ResourceType } from './model.ts'

/** Runbooks that others may call, by name; undefined for one whose text cannot be read. */
export type RunbooksByName = Readonly<Record<string, Runbook | undefined>>

/** Joins packs. Throws when two of them have the same name: which one a runbook means is decided before. */
export function createCatalogue(packs: readonly Pack[], runbooks: RunbooksByName = {}): Catalogue {
  const byName: Record<string, Pack> = {}
  for (const pack of packs) {
    if (byName[pack.name]) throw new Error(`two packs are named ${pack.name}`)
    byName[pack.name] = pack
  }
  const actions = new Map<string, Action>(packs.flatMap((pack) => Object.values(pack.actions).map((one) => [one.name, one])))
  const resources = new Map<string, ResourceType>(
    packs.flatMap((pack) => Object.values(pack.resources).map((one) => [one.name, one])),
  )
  const connections = new Map<string, ConnectionType>(
    packs.flatMap((pack) => Object.values(pack.connections).map((one) => [one.name, one])),
  )
  return {
    packs: byName,
    action: (name) => actions.get(name),
    actionsOf: (pack) => Object.keys(byName[pack]?.actions ?? {}),
    resource: (name) => resources.get(name),
    connection: (name) => connections.get(name),
    runbook: (name) => (Object.hasOwn(runbooks, name) ? runbooks[name] : undefined),
    runbookNames: () => Object.keys(runbooks),
  }
}
