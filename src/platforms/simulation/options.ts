// How a simulated platform with an HTTP API is started, whichever it is.
import type { ScriptedFault } from './faults.ts'

export interface SimulationOptions<Behaviour, Fault extends ScriptedFault> {
  /** Of its API; 0 unless given: any free port. Services beside it listen on the ports that follow. */
  readonly port?: number
  /** Ids and guests' writes follow from it; random unless given. */
  readonly seed?: string
  /** How fast the platform's time runs: 1 unless given; 0 stands still until `clock.advance`. */
  readonly rate?: number
  /** Milliseconds since the epoch at which the platform's time starts; now unless given. */
  readonly startAt?: number
  readonly behaviour?: Partial<Behaviour>
  readonly faults?: readonly Fault[]
  /** False: its API has no port and is reached through `answer` alone. */
  readonly listens?: boolean
}
