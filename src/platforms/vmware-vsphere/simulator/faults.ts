// What can go wrong with a call of this platform.
import { faultsSchemaOf, type ScriptedFault } from '../../simulation/index.ts'

export interface Fault extends ScriptedFault {
  readonly does: FaultKind
  /** For `status`; 503 unless given. */
  readonly status?: number
  /** For `fault` and `failTask`: the type of the fault; TaskInProgress and FileLocked unless given. */
  readonly fault?: string
}

export type FaultKind = (typeof FAULT_KINDS)[number]

export const FAULT_KINDS = [
  // Nothing happens on the platform:
  'refuse',
  'status',
  'fault',
  'hang',
  // It happens, but the caller is not told so:
  'dropAnswer',
  'hangAfter',
  // So, and only twenty seconds later:
  'late',
  // The task it starts fails, or never ends:
  'failTask',
  'stickTask',
] as const

export const faultsSchema = faultsSchemaOf(FAULT_KINDS, {
  status: { type: 'integer', minimum: 400, maximum: 599 },
  fault: { type: 'string', pattern: '^[A-Z][A-Za-z]*$' },
})
