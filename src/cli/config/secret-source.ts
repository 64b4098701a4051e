// How a configuration says where a secret is to be had. Never the secret itself.
import type { JsonSchema } from '../../values/index.ts'

export const secretSourceSchema: JsonSchema = {
  title: 'Where the secret is to be had',
  type: 'object',
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
  properties: {
    env: { description: 'Name of an environment variable.', type: 'string', minLength: 1 },
    file: {
      description: 'Path of a file, relative to this one. A line break at its end does not count.',
      type: 'string',
      minLength: 1,
    },
    command: {
      description: 'A program and its arguments; what it prints is the secret. No shell is involved.',
      type: 'array',
      minItems: 1,
      items: { type: 'string' },
    },
  },
}
