// Actions, packs and schemas in Markdown, for hovers and completions.

import type { Action, Catalogue, Pack, ResourceType } from '../packs/index.ts'
import { formatDuration, isObject, type Json, type JsonSchema } from '../values/index.ts'
import { descriptionOf, keysOf } from './grammar.ts'
import type { View } from './workspace.ts'

/** What an action does, takes, answers and may fail with. */
export function actionDocs(action: Action, { catalogue }: View): string {
  const resource = action.resource === undefined ? undefined : catalogue.resource(action.resource)
  const failures = Object.entries(action.failures)
  return paragraphs([
    `**${action.name}** — ${action.title}`,
    `Effect: \`${action.effect}\`. One attempt takes at most ${formatDuration(action.timeoutMs)}.${repeats(action)}`,
    resource && resourceDocs(resource),
    section(
      'Takes',
      keysOf(action.input).map(({ key, schema, required }) => row(key, schema, required)),
    ),
    section(
      'Answers',
      keysOf(action.output).map(({ key, schema, required }) => row(key, schema, required)),
    ),
    section(
      'Fails with',
      failures.map(([name, { message, retryable }]) => `- \`${name}\`: ${message}${retryable ? ' (can be tried again)' : ''}`),
    ),
  ])
}

function repeats({ idempotent }: Action): string {
  if (idempotent === true) return ' It may be repeated.'
  return idempotent === 'keyed' ? ' It may be repeated with the same key.' : ''
}

/** What is held, and when it is let go. */
export function resourceDocs({ title, name, lease, critical, maxHoldMs, deadman, childOf }: ResourceType): string {
  const facts = [
    critical && 'critical',
    maxHoldMs !== undefined && `held for at most ${formatDuration(maxHoldMs)}`,
    lease && `a lease of ${formatDuration(lease.lifetimeMs)}, renewed every ${formatDuration(lease.everyMs)}`,
    deadman?.by === 'platform' && 'the platform lets go when nobody is left to',
    deadman?.by === 'timeout' && `lets go by itself after ${formatDuration(deadman.afterMs)}`,
    deadman?.by === 'none' && 'nothing lets go but its release',
    childOf.length > 0 && `released before ${childOf.join(', ')}`,
  ].filter((each) => typeof each === 'string')
  return `Holds \`${name}\` (${title})${facts.length === 0 ? '' : `: ${facts.join('; ')}`}.`
}

export function packDocs({ name, version, title, actions, connections }: Pack): string {
  return paragraphs([
    `**${name} ${version}** — ${title}`,
    `${Object.keys(actions).length} actions. Connection types: ${Object.keys(connections).join(', ') || 'none'}.`,
  ])
}

export const connectionDocs = (name: string, catalogue: Catalogue): string =>
  `**${name}** — ${catalogue.connection(name)?.title ?? 'not at hand'}`

/** Description, kind and default of one property. */
export function propertyDocs(schema: JsonSchema): string | undefined {
  const kind = kindText(schema)
  const parts = [
    descriptionOf(schema),
    kind && `Type: ${kind}.`,
    schema.default === undefined ? undefined : `Default: \`${JSON.stringify(schema.default)}\`.`,
  ]
  return paragraphs(parts) || undefined
}

const row = (key: string, schema: JsonSchema, required: boolean): string => {
  const description = descriptionOf(schema)
  const kind = kindText(schema)
  return `- \`${key}\`${required ? '' : '?'}${kind ? `: ${kind}` : ''}${description === undefined ? '' : ` — ${description}`}`
}

function kindText(schema: JsonSchema): string | undefined {
  const connection = schema['x-connection']
  if (typeof connection === 'string') return `target of type ${connection}`
  if (schema['x-resource'] !== undefined) return `handle of ${[schema['x-resource']].flat().join(' or ') || 'anything held'}`
  if (Array.isArray(schema.enum)) return schema.enum.map((each: Json) => JSON.stringify(each)).join(' or ')
  if (schema.type === undefined) return undefined
  const items = isObject(schema.items) ? kindText(schema.items) : undefined
  const text = [schema.type].flat().join(' or ')
  return items === undefined ? text : `${text} of ${items}`
}

const section = (title: string, rows: readonly string[]): string | undefined =>
  rows.length === 0 ? undefined : `${title}:\n${rows.join('\n')}`

export const paragraphs = (parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== '').join('\n\n')
