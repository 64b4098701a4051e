// A simulated platform with an HTTP API, whichever it is: how it is started, and what tests and demos get that no API shows.
import type { HttpAnswer, HttpRequest } from '../../http/index.ts'
import type { Json, JsonObject, Secret } from '../../values/index.ts'
import type { PlatformClock } from './clock.ts'
import type { Faults, ScriptedFault } from './faults.ts'

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

export interface SimulatedPlatform<Behaviour, Fault extends ScriptedFault, CallRecord> extends AsyncDisposable {
  readonly url: string
  /** Of a target that reaches it. */
  readonly settings: Readonly<Record<string, Json | Secret>>
  /** Answers a request of its API without a network. */
  answer(request: HttpRequest): Promise<HttpAnswer>
  /** The operation that a request is for; nothing where its API has none. */
  operationOf(request: HttpRequest): string | undefined
  readonly clock: PlatformClock
  readonly faults: Faults<Fault>
  /** May be changed while it runs. */
  readonly behaviour: Behaviour
  /** Calls so far, oldest first; may be emptied. */
  readonly calls: CallRecord[]
  /** What missed the OpenAPI slice: bugs, of a caller or of this simulator. */
  readonly violations: readonly string[]
  state(): JsonObject
  /** What is still held there; a line each. */
  leaks(): readonly string[]
}
