// What the editor is told of the files around a document. It opens none itself: the command line does, as `check` would.
import type { Diagnostic } from '../diagnostics/index.ts'
import type { Catalogue, SourceText } from '../packs/index.ts'

export interface Checked {
  readonly diagnostics: readonly Diagnostic[]
  /** The texts by file name, of every file that a diagnostic may point to. */
  readonly sources: ReadonlyMap<string, string>
}

/** The packs at hand, whether a runbook uses them or not. */
export interface View {
  readonly catalogue: Catalogue
  /** pack.yaml of each pack in the catalogue, by the pack's name. */
  readonly manifests: ReadonlyMap<string, SourceText>
}

export interface Workspace {
  /** All that `check` says when the file holds this text. `file`: absolute path, or any name for a text that is not saved yet. */
  check(file: string, text: string): Promise<Checked>
  /** What a document at that place can use. */
  view(file: string): Promise<View>
  /** The document was closed: what lies on disk counts again. */
  close(file: string): void
  /** Files beside the documents have changed: what is known of them is forgotten. */
  forget(): void
}

export type DocumentKind = 'runbook' | 'pack' | 'config' | 'other'

/** The language that an editor may call runbooks by. */
const LANGUAGE = 'holdfast-runbook'

/** By the name of the file, else by its first key: an editor may hand over any YAML document. */
export function kindOf(file: string, text: string, languageId = ''): DocumentKind {
  if (/(?:^|[\\/])pack\.yaml$/.test(file)) return 'pack'
  if (/(?:^|[\\/])holdfast\.config\.yaml$/.test(file) || /^config\s*:/m.test(text)) return 'config'
  return /\.runbook\.yaml$/.test(file) || languageId === LANGUAGE || /^runbook\s*:/m.test(text) ? 'runbook' : 'other'
}
