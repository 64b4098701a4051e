// A manifest under check: what the checks read, and how they tell what is wrong.
import type { Diagnostic, Span } from '../diagnostics/index.ts'
import { isObject, type Json, type JsonSchema } from '../values/index.ts'
import * as codes from './codes.ts'
import type { Action, Pack } from './model.ts'
import type { OpenapiOperation } from './openapi.ts'
import type { Path } from './place.ts'
import type { RawPack } from './raw-manifest.ts'

export const SECTIONS = ['connections', 'completions', 'pagings', 'failures', 'shapes', 'resources', 'actions'] as const
export type Section = (typeof SECTIONS)[number]

/** Entries of the wrong form are absent from `pack` and `raw`; their names are known all the same. In `raw`, shapes stand in their places. */
export interface Checked {
  readonly pack: Pack
  readonly raw: RawPack
  readonly names: Readonly<Record<Section, readonly string[]>>
  /** Absent where there is no usable OpenAPI document. */
  readonly operations?: ReadonlyMap<string, OpenapiOperation>
  at(path: Path): Span
  /** Of the key itself, whatever its value. */
  keyAt(path: Path): Span
  report(diagnostic: Diagnostic): void
}

const KINDS: Readonly<Record<Section, string>> = {
  connections: 'connection type',
  completions: 'completion',
  pagings: 'paging',
  failures: 'failure',
  shapes: 'shape',
  resources: 'resource type',
  actions: 'action',
}

/** Reports a name that the pack does not define. Another pack's name, `<pack>/<name>`, is not looked up here. */
export function checkName(checked: Checked, section: Section, written: string, path: Path): void {
  const name = localName(checked, written)
  if (name === undefined || checked.names[section].includes(name)) return
  checked.report(codes.nameUnknown(checked.at(path), KINDS[section], name, checked.names[section]))
}

/** The action by a name as written or qualified; undefined when it is another pack's, unknown, or of the wrong shape. */
export function actionNamed(checked: Checked, name: string): Action | undefined {
  const local = localName(checked, name)
  return local === undefined ? undefined : checked.pack.actions[local]
}

/** A name as the manifest writes it. */
export const shown = (checked: Checked, name: string): string => localName(checked, name) ?? name

function localName({ pack }: Checked, name: string): string | undefined {
  if (!name.includes('/')) return name
  return name.startsWith(`${pack.name}/`) ? name.slice(pack.name.length + 1) : undefined
}

export const propertiesOf = (schema: JsonSchema): Readonly<Record<string, Json>> =>
  isObject(schema.properties) ? schema.properties : {}

export const requiredOf = (schema: JsonSchema): readonly string[] =>
  Array.isArray(schema.required) ? schema.required.filter((name) => typeof name === 'string') : []

/** Whether a value that conforms to the schema always, perhaps or never has the property. */
export function presence(schema: JsonSchema, name: string): 'always' | 'perhaps' | 'never' {
  const property = propertiesOf(schema)[name]
  if (property === undefined) return 'never'
  return requiredOf(schema).includes(name) || (isObject(property) && property.default !== undefined) ? 'always' : 'perhaps'
}
