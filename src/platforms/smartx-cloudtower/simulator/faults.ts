// What can go wrong with a call of this platform.
import { faultsSchemaOf, type ScriptedFault } from '../../simulation/index.ts'

export interface Fault extends ScriptedFault {
  readonly does: FaultKind
  /** For `status` and `statusAfter`; 503 unless given. */
  readonly status?: number
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

export const faultsSchema = faultsSchemaOf(FAULT_KINDS, {
  status: { type: 'integer', minimum: 400, maximum: 599 },
})
