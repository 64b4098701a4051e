// Who is told of what is held too long: the `alerts` of the configuration, as schema and as data. Secrets are named, never held.
import { toJson, type YamlNode } from '../../language/index.ts'
import {
  DURATION_PATTERN,
  isObject,
  type Json,
  type JsonSchema,
  parseDuration,
  type SecretSource,
  secretSourceSchema,
} from '../../values/index.ts'

export interface AlertSettings {
  readonly hooks: readonly Hook[]
  /** Ages at which an obligation is told of, in milliseconds. */
  readonly afterMs: readonly number[]
}

export type Hook = {
  /** For all of it, in milliseconds. */
  readonly timeoutMs: number
} & (
  | { readonly kind: 'command'; readonly command: readonly string[] }
  | {
      readonly kind: 'webhook'
      readonly url: string | SecretSource
      readonly headers: Readonly<Record<string, string | SecretSource>>
    }
)

const DEFAULT_AFTER = ['1h']
const DEFAULT_TIMEOUT = '10s'

const duration = (description: string): JsonSchema => ({ description, type: 'string', pattern: DURATION_PATTERN })
const orSecret = (plain: JsonSchema, description: string): JsonSchema => ({
  description,
  anyOf: [plain, secretSourceSchema],
})

const hook: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  oneOf: [{ required: ['command'] }, { required: ['webhook'] }],
  properties: {
    command: {
      description: 'A program and its arguments; the alert comes on its standard input. No shell is involved.',
      type: 'array',
      minItems: 1,
      items: { type: 'string' },
    },
    webhook: {
      description: 'Where the alert is posted to. Redirects are not followed.',
      type: 'object',
      required: ['url'],
      additionalProperties: false,
      properties: {
        url: orSecret({ type: 'string', pattern: '^https?://' }, 'Its address; { env: NAME } and so on where that is a secret.'),
        headers: {
          description: 'Sent with it. A secret is written as { env: NAME }, { file: path } or { command: [program, …] }.',
          type: 'object',
          additionalProperties: orSecret({ type: 'string' }, 'The value.'),
        },
      },
    },
    timeout: { ...duration('How long it may take.'), default: DEFAULT_TIMEOUT },
  },
}

export const alertsSchema: JsonSchema = {
  description:
    'Who is told when something is held too long, or owed at the end of a run. The document they get: holdfast schema alert.',
  type: 'object',
  required: ['hooks'],
  additionalProperties: false,
  properties: {
    after: {
      description: 'Ages at which `holdfast alert` tells of what is held; what is critical and owed is told at once.',
      type: 'array',
      minItems: 1,
      items: { type: 'string', pattern: DURATION_PATTERN },
      default: DEFAULT_AFTER,
    },
    hooks: { description: 'All of them are told.', type: 'array', minItems: 1, items: hook },
  },
}

/** Of a node that fits the schema; of anything else what can be understood, beside the problems that were reported. */
export function alertsOf(node: YamlNode | undefined): AlertSettings {
  const value = node && toJson(node)
  const { hooks, after = DEFAULT_AFTER } = isObject(value) ? value : {}
  return { hooks: listOf(hooks).flatMap(hookOf), afterMs: listOf(after).flatMap(durationOf) }
}

function hookOf(value: Json): readonly Hook[] {
  if (!isObject(value)) return []
  const [timeoutMs = 0] = durationOf(value.timeout ?? DEFAULT_TIMEOUT)
  const { command, webhook } = value
  if (Array.isArray(command)) return [{ kind: 'command', command: command.map(String), timeoutMs }]
  if (!isObject(webhook)) return []
  // The schema has been checked: texts, and where secrets are to be had.
  const { url, headers = {} } = webhook as unknown as Pick<Extract<Hook, { kind: 'webhook' }>, 'url' | 'headers'>
  return [{ kind: 'webhook', url, headers, timeoutMs }]
}

const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : [])
function durationOf(value: Json): readonly number[] {
  const durationMs = typeof value === 'string' ? parseDuration(value) : undefined
  return durationMs === undefined ? [] : [durationMs]
}
