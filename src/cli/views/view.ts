// The one interface behind which people and programs watch a run. A view prints; it decides nothing.
import type { Observation } from '../../engine/index.ts'
import type { Obligation } from '../../kernel/index.ts'

/** What happens to the command rather than to the run. */
export type Notice =
  | { readonly kind: 'cancelling'; readonly runId: string; readonly at: number }
  | { readonly kind: 'left'; readonly runId: string; readonly at: number; readonly owed: readonly Obligation[] }
  /** Said after `runEnded` when something is still held. */
  | { readonly kind: 'owing'; readonly runId: string; readonly at: number; readonly owed: readonly Obligation[] }

export interface View {
  observe(observation: Observation): void
  notice(notice: Notice): void
  /** Leaves the terminal as it was found. */
  close(): Promise<void>
}
