// What the language is told about the packs at hand. Structural: the catalogue of packs satisfies it, and so does an editor's.
import type { JsonSchema } from '../values/index.ts'
import type { Runbook } from './model.ts'

export interface CatalogueView {
  readonly packs: Readonly<Record<string, PackView>>
  /** By qualified name, such as `sangfor-scp/groupSnapshot.create`. */
  action(name: string): ActionView | undefined
  connection(name: string): unknown
  resource(name: string): unknown
  /** Qualified or plain names of a pack's actions, for did-you-mean. */
  actionsOf(pack: string): readonly string[]
}

export interface PackView {
  readonly version: string
  readonly connections?: Readonly<Record<string, unknown>>
}

export interface ActionView {
  readonly effect: 'read' | 'mutate' | 'acquire' | 'release' | 'destroy'
  readonly resource?: string
  readonly input: JsonSchema
  readonly output: JsonSchema
  readonly failures?: Readonly<Record<string, unknown>>
}

/** Which pack each alias of a runbook means; aliases of packs that are not at hand are left out. */
export function resolveUses(runbook: Runbook, packs: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const known = runbook.uses.filter(({ pack }) => Object.hasOwn(packs, pack))
  return { ...Object.fromEntries(known.map(({ alias, pack }) => [alias, pack])), core: 'core' }
}

/** `scp/groupSnapshot.create` → `sangfor-scp/groupSnapshot.create`; undefined when the alias means no pack. */
export function qualify(packs: Readonly<Record<string, string>>, name: string): string | undefined {
  const slash = name.indexOf('/')
  const alias = name.slice(0, slash)
  return Object.hasOwn(packs, alias) ? `${packs[alias]}/${name.slice(slash + 1)}` : undefined
}
