// What the language is told about the packs at hand. Structural: the catalogue of packs satisfies it, and so does an editor's.
import type { JsonSchema } from '../values/index.ts'
import type { Runbook, Template } from './model.ts'

export interface CatalogueView {
  readonly packs: Readonly<Record<string, PackView>>
  /** By qualified name, such as `sangfor-scp/groupSnapshot.create`. */
  action(name: string): ActionView | undefined
  connection(name: string): object | undefined
  resource(name: string): ResourceView | undefined
  /** Qualified or plain names of a pack's actions, for did-you-mean. */
  actionsOf(pack: string): readonly string[]
  /** A runbook that can be called, by its name such as `sangfor-scp/vm-backup`. Undefined also where its text cannot be read. */
  runbook(name: string): Runbook | undefined
  /** Names of all runbooks at hand. */
  runbookNames(): readonly string[]
}

export interface PackView {
  readonly version: string
  readonly connections?: Readonly<Record<string, object>>
}

export interface ActionView {
  readonly effect: 'read' | 'mutate' | 'acquire' | 'release' | 'destroy'
  readonly resource?: string
  readonly input: JsonSchema
  readonly output: JsonSchema
  readonly failures?: Readonly<Record<string, FailureView>>
  /** `keyed`: safe to repeat with the same key. */
  readonly idempotent: boolean | 'keyed'
  /** It goes on from a checkpoint, as only what moves much data does. */
  readonly resumable: boolean
  /** Of one attempt, where the step states none. */
  readonly timeoutMs: number
  /** Name of what is held exclusively, over all runs, during the call; root `input`. */
  readonly lock?: Template
}

export interface FailureView {
  readonly retryable: boolean
  readonly applied: 'no' | 'maybe'
}

export interface ResourceView {
  /** Resource types that it must be released before, when it was acquired from one. */
  readonly childOf: readonly string[]
  /** Qualified read action that looks it up by the identity that was chosen before the call. */
  readonly find?: string
  readonly release: { readonly timeoutMs: number }
  readonly critical: boolean
  readonly maxHoldMs?: number
}

const NO_INPUTS: JsonSchema = { type: 'object', additionalProperties: false }

/** JSON Schema of what a run of a runbook, a call of it, or an answer to a question is given. */
export const inputsSchema = ({ inputs = NO_INPUTS }: Pick<Runbook, 'inputs'>): JsonSchema => inputs

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
