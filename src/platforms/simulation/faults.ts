// Scripted faults: what goes wrong with which call, and how often. Plain data, from a file, a test or the admin endpoint.
// What a fault does is each simulator's own; when it strikes is told here.
import { readFile } from 'node:fs/promises'
import { type JsonSchema, validator } from '../../values/index.ts'

export interface ScriptedFault {
  /** An operationId, or `*` for every call. */
  readonly operation: string
  /** Calls that pass before it strikes; 0 unless given. */
  readonly skip?: number
  /** How often it strikes; 1 unless given. */
  readonly times?: number
}

export interface Faults<Fault extends ScriptedFault> {
  add(...faults: readonly Fault[]): void
  clear(): void
  /** Those that have not struck as often as they should. */
  list(): readonly Fault[]
  /** The faults that strike this call; each is counted. */
  strike(operation: string): readonly Fault[]
}

export function createFaults<Fault extends ScriptedFault>(): Faults<Fault> {
  let waiting: { readonly fault: Fault; skip: number; times: number }[] = []
  return {
    add: (...faults) => {
      for (const fault of faults) waiting.push({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 })
    },
    clear: () => {
      waiting = []
    },
    list: () => waiting.map(({ fault, skip, times }) => ({ ...fault, skip, times })),
    strike: (operation) => {
      const struck: Fault[] = []
      for (const each of waiting) {
        if (each.fault.operation !== '*' && each.fault.operation !== operation) continue
        if (each.skip > 0) each.skip -= 1
        else {
          each.times -= 1
          struck.push(each.fault)
        }
      }
      waiting = waiting.filter((each) => each.times > 0)
      return struck
    },
  }
}

/** A list of faults of these kinds; `more` are properties beside those that every fault has. */
export const faultsSchemaOf = (kinds: readonly string[], more: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: 'array',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['operation', 'does'],
    properties: {
      operation: { type: 'string', minLength: 1 },
      does: { enum: [...kinds] },
      ...more,
      skip: { type: 'integer', minimum: 0 },
      times: { type: 'integer', minimum: 1 },
    },
  },
})

/** The faults of a file; none without one. `operation` is one that the hint can name. Throws what people are shown. */
export async function readFaultScript<Fault extends ScriptedFault>(
  file: string | undefined,
  schema: JsonSchema,
  operation: string,
): Promise<readonly Fault[]> {
  if (file === undefined) return []
  const hint = `It is a list such as [{"operation": "${operation}", "does": "dropAnswer"}], as JSON.`
  const faults: unknown = await readFile(file, 'utf8')
    .then(JSON.parse)
    .catch((error: unknown) => {
      throw new FaultsInvalid(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`, hint)
    })
  const [problem] = validator(schema).problems(faults)
  if (problem) throw new FaultsInvalid(`${file}: ${problem.path.join('.') || 'the list'} ${problem.message}`, hint)
  return faults as Fault[]
}

class FaultsInvalid extends Error {
  readonly code = 'FAULTS_INVALID'
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}
