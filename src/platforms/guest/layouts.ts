// Where guests keep their quiescing scripts, how they are called, and what is asked of them: as data. The places on ESX are table 2-3 of
// "VMware Consolidated Backup Workflow"; those without it the hooks of the QEMU guest agent.

export type GuestOs = 'windows' | 'other'
export type EsxGeneration = 'upTo35U1' | 'from35U2'
/** What the host is: an ESX Server of a generation, or none. */
export type Esx = EsxGeneration | 'none'
export type Phase = 'preFreeze' | 'postThaw'

/** What post-thaw scripts are told: the snapshot was taken, or it was not. */
export type ThawReason = 'thaw' | 'freezeFail'

export type ScriptPlace = ScriptRules &
  (
    | {
        /** One script, told nothing. */
        readonly kind: 'file'
        readonly path: string
      }
    | {
        /** All scripts of a folder in this order of their names. */
        readonly kind: 'folder'
        readonly path: string
        readonly order: 'ascending' | 'descending'
        /** The first argument, by what happens. */
        readonly told: Readonly<Record<'freeze' | ThawReason, string>>
        /** Files whose names end so are no scripts. */
        readonly ignored: readonly string[]
      }
  )

/** What is asked of each script. */
export interface ScriptRules {
  /** Exit codes that mean success. */
  readonly succeedsWith: readonly number[]
  /** Longest time of one script; then it is ended. Shorter than the action that runs it. */
  readonly deadlineMs: number
  /** Of standard output and of standard error each. */
  readonly maxOutputBytes: number
}

const READYING: ScriptRules = { succeedsWith: [0], deadlineMs: 4 * 60_000, maxOutputBytes: 65_536 }
/** One that hangs may not take the time of all that come after it. */
const LETTING_GO: ScriptRules = { succeedsWith: [0], deadlineMs: 40_000, maxOutputBytes: 65_536 }

const oneScriptEach = (preFreeze: string, postThaw: string): Readonly<Record<Phase, ScriptPlace>> => ({
  preFreeze: { kind: 'file', path: preFreeze, ...READYING },
  postThaw: { kind: 'file', path: postThaw, ...LETTING_GO },
})

const oneFolder = (
  path: string,
  { told, ignored }: Pick<Extract<ScriptPlace, { readonly kind: 'folder' }>, 'told' | 'ignored'>,
): Readonly<Record<Phase, ScriptPlace>> => ({
  preFreeze: { kind: 'folder', path, order: 'ascending', told, ignored, ...READYING },
  postThaw: { kind: 'folder', path, order: 'descending', told, ignored, ...LETTING_GO },
})

const otherOnEsx = oneScriptEach('/usr/sbin/pre-freeze-script', '/usr/sbin/post-thaw-script')

export const LAYOUTS: Readonly<Record<GuestOs, Readonly<Record<Esx, Readonly<Record<Phase, ScriptPlace>>>>>> = {
  windows: {
    upTo35U1: oneScriptEach('C:\\Windows\\pre-freeze-script.bat', 'C:\\Windows\\post-thaw-script.bat'),
    from35U2: oneFolder('C:\\Program Files\\VMware\\VMware Tools\\backupScripts.d', {
      told: { freeze: 'freeze', thaw: 'thaw', freezeFail: 'freezeFail' },
      ignored: [],
    }),
    // Nobody else names a place there: it is Holdfast's own.
    none: oneFolder('C:\\ProgramData\\Holdfast\\scripts.d', {
      told: { freeze: 'freeze', thaw: 'thaw', freezeFail: 'freezeFail' },
      ignored: [],
    }),
  },
  other: {
    upTo35U1: otherOnEsx,
    from35U2: otherOnEsx,
    // Each script by itself, not their dispatcher /etc/qemu/fsfreeze-hook: that one ends with 0 whatever they end with.
    none: oneFolder('/etc/qemu/fsfreeze-hook.d', {
      told: { freeze: 'freeze', thaw: 'thaw', freezeFail: 'thaw' },
      ignored: [
        ...['~', '.bak', '.orig', '.rpmnew', '.rpmorig', '.rpmsave', '.sample', '.dpkg-old', '.dpkg-new', '.dpkg-tmp'],
        ...['.dpkg-dist', '.dpkg-bak', '.dpkg-backup', '.dpkg-remove'],
      ],
    }),
  },
}
