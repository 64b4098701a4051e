// Scripted faults: what goes wrong with which call, and how often. Plain data, from a file, a test or the admin endpoint.
import type { JsonSchema } from '../../../values/index.ts'

export interface Fault {
  /** An operationId, or `*` for every call. */
  readonly operation: string
  readonly does: FaultKind
  /** For `status` and `statusAfter`; 503 unless given. */
  readonly status?: number
  /** Calls that pass before it strikes; 0 unless given. */
  readonly skip?: number
  /** How often it strikes; 1 unless given. */
  readonly times?: number
}

export type FaultKind = (typeof FAULT_KINDS)[number]

export const FAULT_KINDS = [
  // Nothing happens on the platform:
  'refuse',
  'status',
  'hang',
  'lock',
  // It happens, but the caller is not told so:
  'dropAnswer',
  'statusAfter',
  'hangAfter',
  // The task it starts fails, never ends, or pauses:
  'failTask',
  'stickTask',
  'pauseTask',
] as const

export const faultsSchema: JsonSchema = {
  type: 'array',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['operation', 'does'],
    properties: {
      operation: { type: 'string', minLength: 1 },
      does: { enum: [...FAULT_KINDS] },
      status: { type: 'integer', minimum: 400, maximum: 599 },
      skip: { type: 'integer', minimum: 0 },
      times: { type: 'integer', minimum: 1 },
    },
  },
}

export interface Faults {
  add(...faults: readonly Fault[]): void
  clear(): void
  /** The faults that strike this call; each is counted. */
  strike(operation: string): readonly Fault[]
}

export function createFaults(): Faults {
  let waiting: { readonly fault: Fault; skip: number; times: number }[] = []
  return {
    add: (...faults) => waiting.push(...faults.map((fault) => ({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 }))),
    clear: () => {
      waiting = []
    },
    strike: (operation) => {
      const struck = waiting.filter(({ fault }) => fault.operation === '*' || fault.operation === operation)
      const striking = struck.filter(({ skip }) => skip === 0)
      for (const each of struck) {
        if (each.skip > 0) each.skip -= 1
        else each.times -= 1
      }
      waiting = waiting.filter(({ times }) => times > 0)
      return striking.map(({ fault }) => fault)
    },
  }
}
