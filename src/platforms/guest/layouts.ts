// Where guests keep their quiescing scripts: table 2-3 of "VMware Consolidated Backup Workflow", as data.

export type GuestOs = 'windows' | 'other'
export type EsxGeneration = 'upTo35U1' | 'from35U2'
export type Phase = 'preFreeze' | 'postThaw'

/** What post-thaw scripts are told: the snapshot was taken, or it was not. */
export type ThawReason = 'thaw' | 'freezeFail'

export type ScriptPlace =
  /** One script, told nothing. */
  | { readonly kind: 'file'; readonly path: string }
  /** All scripts of a folder in this order of their names, told the phase as their first argument. */
  | { readonly kind: 'folder'; readonly path: string; readonly order: 'ascending' | 'descending' }

const TOOLS_FOLDER = 'C:\\Program Files\\VMware\\VMware Tools\\backupScripts.d'

const other: Readonly<Record<Phase, ScriptPlace>> = {
  preFreeze: { kind: 'file', path: '/usr/sbin/pre-freeze-script' },
  postThaw: { kind: 'file', path: '/usr/sbin/post-thaw-script' },
}

export const LAYOUTS: Readonly<Record<GuestOs, Readonly<Record<EsxGeneration, Readonly<Record<Phase, ScriptPlace>>>>>> = {
  windows: {
    upTo35U1: {
      preFreeze: { kind: 'file', path: 'C:\\Windows\\pre-freeze-script.bat' },
      postThaw: { kind: 'file', path: 'C:\\Windows\\post-thaw-script.bat' },
    },
    from35U2: {
      preFreeze: { kind: 'folder', path: TOOLS_FOLDER, order: 'ascending' },
      postThaw: { kind: 'folder', path: TOOLS_FOLDER, order: 'descending' },
    },
  },
  other: { upTo35U1: other, from35U2: other },
}
