// What a platform contributes in code, beside its pack: handlers for what YAML cannot say, logins, and a simulator.
import type { BodyStore, HttpAnswer, HttpRequest, Logins } from '../http/index.ts'
import type { Handlers } from '../packs/index.ts'
import type { Json, JsonObject, Secret } from '../values/index.ts'
import type { RestorePoint } from '../vault/index.ts'

export interface Platform {
  /** Name of the pack. */
  readonly pack: string
  readonly handlers: Handlers
  readonly logins: Logins
  /** Where bytes are kept that actions of any pack take and give; one platform has it. */
  readonly bodies?: BodyStore
  /** Loaded on demand: it brings an HTTP server with it. */
  readonly simulator?: () => Promise<SimulatorModule>
  /** What rehearsals run against; loaded on demand. */
  readonly standIn?: () => Promise<StartStandIn>
  /** The same after a disaster, by what has happened. Rehearsals of a runbook take one that knows its inputs, where `standIn` does not. */
  readonly disasters?: Readonly<Record<string, () => Promise<StartStandIn>>>
  /** What `holdfast demo` shows; loaded on demand. */
  readonly demo?: () => Promise<StartDemo>
}

export type StartDemo = () => Promise<Demo>

/** A simulated platform of its own, with guests that hold files, and a story told on it. */
export interface Demo extends AsyncDisposable {
  /** What the targets that runbooks name reach, by the runbooks' names for them; `vault` is there without it. */
  readonly targets: Readonly<
    Record<string, { readonly connection: string; readonly settings: Readonly<Record<string, Json | Secret>> }>
  >
  /**
   * Full backup, changed writes, incremental, restore; then compares every byte behind the platform's back, and looks what is left on it.
   * Answers the problems, a line each; none when all is well.
   */
  play(stage: DemoStage): Promise<readonly string[]>
}

/** What a demonstration is played with. Everything goes through the code of the command line. */
export interface DemoStage {
  /** Opens a chapter of what is printed. */
  chapter(title: string): void
  say(line: string): void
  /** Runs a shipped runbook as `holdfast run` does, and answers its outputs. Throws when it does not succeed. */
  run(runbook: string, inputs: JsonObject): Promise<JsonObject>
  /** A restore point of the vault. */
  point(pointId: string): Promise<RestorePoint>
  /** Bytes that the vault takes. */
  vaultBytes(): Promise<number>
}

export type StartStandIn = (options: StandInOptions) => Promise<StandIn>

export interface StandInOptions {
  /** The same seed gives the same ids and the same bytes. */
  readonly seed: string
  /** Milliseconds since the epoch at which its time starts; it then stands still but for `advanceTo`. */
  readonly startAtMs: number
  /** The host of the engine that is at work loses its power: from then on that engine does nothing more. */
  cutPower(): void
}

/** A target's far side in this process, whose own state is the judge of a rehearsal. */
export interface StandIn extends AsyncDisposable {
  /** Qualified connection type that the settings are for. */
  readonly connection: string
  readonly settings: Readonly<Record<string, Json | Secret>>
  /** What a runbook can be given for an input of that name. */
  readonly known: JsonObject
  /** Absent where nothing is asked over HTTP. */
  readonly api?: {
    operationOf(request: HttpRequest): string | undefined
    answer(request: HttpRequest): Promise<HttpAnswer>
  }
  readonly time?: { readonly nextDueMs: number | undefined; advanceTo(ms: number): void }
  /** How often each operation was asked for so far. */
  asked(): Readonly<Record<string, number>>
  /** Faults of its own that an operation can meet. */
  faultsOf(operation: string): readonly string[]
  /** Lets the fault strike once, after so many calls of the operation that pass. */
  strike(operation: string, fault: string, skip: number): void
  /** Lets no more faults strike. */
  heal(): void
  /** The engine died and another one comes up: what was in its memory is lost. Absent where nothing of the far side is in there. */
  restarted?(): Promise<void>
  /** What is still held, damaged, or was asked for in a way that the platform does not allow; a line each. */
  leaks(): Promise<readonly string[]>
  /** What was made since the start and is there still, such as a restored VM; a line each. */
  made(): readonly string[]
  /** What is on a VM's disks now, by the name that restore points give to the VM; none where there is no such VM. */
  disksOf?(vm: string): readonly DiskView[]
}

export interface DiskView {
  readonly sizeBytes: number
  read(offsetBytes: number, into: Buffer): void
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
