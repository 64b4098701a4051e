// `holdfast actions [NAME]`: what the packs offer, from their manifests alone.
import { didYouMean } from '../../diagnostics/index.ts'
import type { Action, Catalogue } from '../../packs/index.ts'
import { formatDuration, isObject, type JsonObject, type JsonSchema } from '../../values/index.ts'
import { actionNotFound } from '../codes.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { Refusal, refuseErrors } from '../refusal.ts'
import { openSession } from '../session/index.ts'
import { table } from '../views/index.ts'

interface Options {
  readonly format: 'text' | 'json'
}

export const run: RunCommand<[name: string | undefined], Options> = async (host, options, name) => {
  const { library } = await openSession(host, options)
  const { catalogue, diagnostics, sources } = await library.loadPacks(library.packNames(), { operations: false })
  refuseErrors(diagnostics, sources)
  const chosen = choose(catalogue, name)
  if (options.format === 'json') host.stdout.write(`${JSON.stringify(chosen.map(factsOf), undefined, 2)}\n`)
  else {
    const one = chosen.find((action) => action.name === name)
    host.stdout.write(one ? describe(one) : list(chosen))
  }
  return EXIT.done
}

const actionsOf = (catalogue: Catalogue): readonly Action[] =>
  Object.values(catalogue.packs).flatMap((pack) => Object.values(pack.actions))

function choose(catalogue: Catalogue, name: string | undefined): readonly Action[] {
  const all = actionsOf(catalogue)
  const chosen = name === undefined ? all : all.filter((action) => action.name === name || action.name.startsWith(`${name}/`))
  if (chosen.length > 0 || name === undefined) return chosen
  throw new Refusal([
    actionNotFound(name, didYouMean(name, [...Object.keys(catalogue.packs), ...all.map((action) => action.name)])),
  ])
}

const list = (actions: readonly Action[]): string => table(actions.map(({ name, effect, title }) => [name, effect, title]))

function describe(action: Action): string {
  const { name, title, effect, resource, idempotent, timeoutMs, input, output, failures } = action
  const repeat = idempotent === 'keyed' ? 'safe with the same key' : idempotent ? 'safe' : 'looked up first'
  const failureRows = Object.entries(failures).map(([type, { message, retryable }]) => [
    `  ${type}`,
    retryable ? 'tried again' : '',
    message,
  ])
  return [
    `${name}\n${title}\n\n`,
    table([
      ['effect', resource ? `${effect} ${resource}` : effect],
      ['repeating', effect === 'read' ? 'safe' : repeat],
      ['time-out', formatDuration(timeoutMs)],
    ]),
    section('input', properties(input)),
    section('output', properties(output)),
    section('failures', failureRows),
  ].join('')
}

const section = (title: string, rows: readonly (readonly string[])[]): string =>
  rows.length === 0 ? '' : `\n${title}\n${table(rows)}`

/** Name, type and what it is for, of each property of an object schema. */
export function properties({ properties: all, required }: JsonSchema): readonly (readonly string[])[] {
  if (!isObject(all)) return []
  const needed = Array.isArray(required) ? required : []
  return Object.entries(all).map(([name, schema]) => [
    `  ${name}${needed.includes(name) ? '' : '?'}`,
    isObject(schema) ? typeOf(schema) : 'any',
    isObject(schema) && typeof schema.description === 'string' ? schema.description : '',
  ])
}

function typeOf(schema: JsonObject): string {
  if (typeof schema['x-connection'] === 'string') return `target ${schema['x-connection']}`
  if (Array.isArray(schema['x-resource'])) return `handle of ${schema['x-resource'].join(' or ') || 'anything held'}`
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.type === 'array') return `list of ${isObject(schema.items) ? typeOf(schema.items) : 'any'}`
  return Array.isArray(schema.type) ? schema.type.join(' | ') : typeof schema.type === 'string' ? schema.type : 'any'
}

export const factsOf = ({
  name,
  title,
  effect,
  resource,
  idempotent,
  timeoutMs,
  input,
  output,
  failures,
}: Action): JsonObject => ({
  name,
  title,
  effect,
  ...(resource === undefined ? {} : { resource }),
  idempotent,
  timeoutMs,
  input,
  output,
  failures: Object.fromEntries(
    Object.entries(failures).map(([type, { message, retryable, applied }]) => [type, { message, retryable, applied }]),
  ),
})
