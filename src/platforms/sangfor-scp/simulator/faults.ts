// What can go wrong with a call of this platform.
import { faultsSchemaOf, type ScriptedFault } from '../../simulation/index.ts'

export interface Fault extends ScriptedFault {
  readonly does: FaultKind
  /** For `status` and `statusAfter`; 503 unless given. */
  readonly status?: number
  /** For `delay`, on the platform's clock. */
  readonly delayMs?: number
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
  // Every backup proxy loses its power right before the call:
  'proxyOff',
  // For five minutes from the call on, what is made is listed a minute late:
  'appearLate',
] as const

export const faultsSchema = faultsSchemaOf(FAULT_KINDS, {
  status: { type: 'integer', minimum: 400, maximum: 599 },
  delayMs: { type: 'integer', minimum: 0 },
})
