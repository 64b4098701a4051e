// What an alert says: one JSON document, the same on a hook's standard input and in a webhook's body. It holds no secret.
import type { JsonObject, JsonSchema } from '../../values/index.ts'
import { formatDuration } from '../../values/index.ts'
import { type Duty, dutyFacts } from '../obligations/index.ts'
import { inline } from '../views/index.ts'

/** Why somebody is told of a duty now. */
export type Because =
  /** Its run has ended, and nobody is going to release it. */
  | { readonly kind: 'runEnded' }
  /** It harms its platform while it is held, and nobody is going to release it. */
  | { readonly kind: 'critical' }
  | { readonly kind: 'older'; readonly thanMs: number }

export interface Told {
  readonly duty: Duty
  readonly because: Because
}

export interface Origin {
  readonly at: number
  readonly hostName: string
  readonly stateDirectory: string
}

export const bodyOf = (told: readonly Told[], { at, hostName, stateDirectory }: Origin): JsonObject => ({
  alert: 1,
  at: new Date(at).toISOString(),
  host: hostName,
  stateDirectory,
  text: told.length === 0 ? 'a test: nothing is wrong' : told.map(sentence).join('\n'),
  obligations: told.map(({ duty, because }) => ({
    ...dutyFacts(duty),
    because: because.kind,
    ...(because.kind === 'older' ? { olderThanMs: because.thanMs } : {}),
  })),
})

function sentence({ duty: { obligation, targets, ageMs, owed, critical, command } }: Told): string {
  const loud = critical && owed ? 'CRITICAL: ' : ''
  const what = `${obligation.type} ${inline(obligation.identity)} on ${targets.join(', ')}`
  return `${loud}${what} is ${owed ? 'still held and owed' : 'held'} for ${formatDuration(ageMs)}: ${command}`
}

const text = (description: string): JsonSchema => ({ description, type: 'string' })
const moment = (description: string): JsonSchema => ({ description, type: 'string', format: 'date-time' })

export const alertSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Holdfast alert',
  description:
    'What a hook under `alerts` of the configuration is given: as the standard input of a command, or as the body of a POST.',
  type: 'object',
  required: ['alert', 'at', 'host', 'stateDirectory', 'text', 'obligations'],
  properties: {
    alert: { description: 'Version of this format.', const: 1 },
    at: moment('When it was written.'),
    host: text('Name of the host that tells.'),
    stateDirectory: text('Folder of its journal.'),
    text: text('All of it for people, a line each.'),
    obligations: {
      description: 'What is held, the most pressing first. Empty in a test.',
      type: 'array',
      items: {
        type: 'object',
        required: [
          'run',
          'path',
          'resource',
          'identity',
          'state',
          'targets',
          'since',
          'ageMs',
          'critical',
          'owed',
          'command',
          'because',
        ],
        properties: {
          run: text('Id of the run.'),
          path: text('Step that acquired it.'),
          resource: text('Qualified resource type.'),
          identity: { description: 'What it is called on its platform.', type: 'object' },
          state: { description: 'How it stands in the ledger.', enum: ['intended', 'inDoubt', 'held', 'releasing', 'owed'] },
          lastFailure: { description: 'The last failure on the way to its release.', type: 'object' },
          targets: { description: 'Configured targets that it is on.', type: 'array', items: { type: 'string' } },
          since: moment('Since when it may be held.'),
          ageMs: { description: 'For how long, in milliseconds.', type: 'integer' },
          critical: { description: 'It harms its platform as long as it is held, as a frozen guest does.', type: 'boolean' },
          owed: { description: 'No living run is going to release it: somebody has to.', type: 'boolean' },
          command: text('What lets go of it.'),
          because: { description: 'Why it is told now.', enum: ['runEnded', 'critical', 'older'] },
          olderThanMs: { description: 'The threshold that it has passed, where it is older.', type: 'integer' },
        },
      },
    },
  },
}
