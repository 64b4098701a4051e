// What a platform contributes in code, beside its pack: handlers for what YAML cannot say, logins, and a simulator.
import type { Logins } from '../http/index.ts'
import type { Handlers } from '../packs/index.ts'
import type { Json, Secret } from '../values/index.ts'

export interface Platform {
  /** Name of the pack. */
  readonly pack: string
  readonly handlers: Handlers
  readonly logins: Logins
  /** Loaded on demand: it brings an HTTP server with it. */
  readonly simulator?: () => Promise<SimulatorModule>
}

export interface SimulatorModule {
  start(options: SimulatorOptions): Promise<RunningSimulator>
}

export interface SimulatorOptions {
  /** 0: any free port. */
  readonly port: number
  /** The same seed gives the same ids and the same bytes on the disks. */
  readonly seed: string
  /** How fast the platform's time runs; 1 is real time. */
  readonly rate: number
  /** JSON list of scripted faults. */
  readonly faultsFile?: string
}

export interface RunningSimulator {
  readonly url: string
  /** Qualified connection type that the settings are for. */
  readonly connection: string
  /** Settings of a target that reaches it, credentials included. */
  readonly settings: Readonly<Record<string, Json | Secret>>
  /** What is there to try, for people: a line each. */
  describe(): readonly string[]
  close(): Promise<void>
}
