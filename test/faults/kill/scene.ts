// What a killed process was doing: an engine's surroundings whose far side outlives the process, and the run it starts.
import type { EngineOptions, StartRequest } from '../../../src/engine/index.ts'

/** The default export of a `*.scene.ts`: everything lies in, or is reached through, the folder. */
export type OpenScene = (folder: string) => Promise<Scene>

export interface Scene extends AsyncDisposable {
  readonly options: Omit<EngineOptions, 'journal' | 'owner' | 'newRunId'>
  readonly request: () => Promise<StartRequest>
}
