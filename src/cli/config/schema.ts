// The shape of holdfast.config.yaml as JSON Schema, with descriptions for editors.
import type { ConnectionType } from '../../packs/index.ts'
import { DURATION_PATTERN, isObject, type JsonObject, type JsonSchema, secretSourceSchema } from '../../values/index.ts'
import { alertsSchema } from './alerts.ts'

const target: JsonSchema = {
  type: 'object',
  required: ['connection'],
  properties: { connection: { description: 'Connection type, as <pack>/<Type>.', type: 'string', pattern: '^[^/]+/[^/]+$' } },
}

export const configSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Holdfast configuration',
  description:
    'What an operator binds: where the journal lies, which packs there are besides those shipped, and the targets of runs.',
  type: 'object',
  required: ['config'],
  additionalProperties: false,
  properties: {
    config: { description: 'Version of this format.', const: 1 },
    stateDirectory: {
      description: 'Folder of the journal and the diagnostic log, relative to this file. Created with mode 0700.',
      type: 'string',
      minLength: 1,
      default: '.holdfast',
    },
    packs: {
      description: 'Folders of packs besides those that come with Holdfast, each with a pack.yaml, relative to this file.',
      type: 'array',
      items: { type: 'string', minLength: 1 },
    },
    targets: {
      description:
        'What runbooks may talk to, by name. A secret is written as { env: NAME }, { file: path } or { command: [program, …] }.',
      type: 'object',
      additionalProperties: target,
    },
    alerts: alertsSchema,
    retention: {
      description:
        'How long runs that have ended and owe nothing are kept; `holdfast runs prune` removes older ones. Such as 90d.',
      type: 'string',
      pattern: DURATION_PATTERN,
    },
  },
}

const propertiesOf = (connection: ConnectionType): JsonObject =>
  isObject(connection.properties.properties) ? connection.properties.properties : {}

function isMarked(connection: ConnectionType, setting: string, mark: 'x-secret' | 'x-path'): boolean {
  const property = propertiesOf(connection)[setting]
  return isObject(property) && property[mark] === true
}
export const isSecret = (connection: ConnectionType, setting: string): boolean => isMarked(connection, setting, 'x-secret')
export const isPath = (connection: ConnectionType, setting: string): boolean => isMarked(connection, setting, 'x-path')

/** One target of this connection type as it stands in the file: its settings flat beside `connection`, secrets as sources. */
export function targetSchema(connection: ConnectionType): JsonSchema {
  const required = Array.isArray(connection.properties.required) ? connection.properties.required : []
  return {
    ...connection.properties,
    title: connection.title,
    type: 'object',
    additionalProperties: false,
    required: ['connection', ...required],
    properties: {
      connection: { const: connection.name },
      ...Object.fromEntries(
        Object.entries(propertiesOf(connection)).map(([name, property]) => [
          name,
          isSecret(connection, name) ? { ...secretSourceSchema, ...described(property) } : property,
        ]),
      ),
    },
  }
}

const described = (property: JsonObject[string] | undefined): JsonObject =>
  isObject(property) && property.description !== undefined ? { description: property.description } : {}

/** The configuration's schema for editors: each target is checked by its connection type. */
export const editorConfigSchema = (connections: readonly ConnectionType[]): JsonSchema => ({
  ...configSchema,
  properties: {
    ...(configSchema.properties as JsonObject),
    targets: {
      ...((configSchema.properties as JsonObject).targets as JsonObject),
      additionalProperties: {
        ...target,
        allOf: connections.map((connection) => ({
          if: { properties: { connection: { const: connection.name } }, required: ['connection'] },
          // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
          then: targetSchema(connection),
        })),
      },
    },
  },
})
