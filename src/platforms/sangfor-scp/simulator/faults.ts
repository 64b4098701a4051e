// Scripted faults: what goes wrong with which call, and how often. Plain data, from a file, a test or the admin endpoint.
import type { JsonSchema } from '../../../values/index.ts'

export interface Fault {
  /** An operationId, or `*` for every call. */
  readonly operation: string
  readonly does: FaultKind
  /** For `status` and `statusAfter`; 503 unless given. */
  readonly status?: number
  /** For `delay`, on the platform's clock. */
  readonly delayMs?: number
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
  // It happens, late:
  'delay',
  // It happens, but the caller is not told so:
  'dropAnswer',
  'cutAnswer',
  'statusAfter',
  'hangAfter',
  // The task it starts fails, or never ends:
  'failTask',
  'stickTask',
  // The VM's lease ends right before the call:
  'expireLease',
  // Changed-block tracking of every VM expires right before the call:
  'expireTracking',
  // For five minutes from the call on, what is made is listed a minute late:
  'appearLate',
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
      delayMs: { type: 'integer', minimum: 0 },
      skip: { type: 'integer', minimum: 0 },
      times: { type: 'integer', minimum: 1 },
    },
  },
}

export interface Faults {
  add(...faults: readonly Fault[]): void
  clear(): void
  /** Those that have not struck as often as they should. */
  list(): readonly Fault[]
  /** The faults that strike this call; each is counted. */
  strike(operation: string): readonly Fault[]
}

export function createFaults(): Faults {
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
