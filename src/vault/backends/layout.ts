// Where each file of a vault lies, below the vault's own place. Source: restic doc/design.rst, "Repository Layout". Pure.
import type { FileKind } from '../backend.ts'

/** Files other than the config are named by the hash of their content. */
const NAME = /^[0-9a-f]{64}$/

const FOLDERS: Readonly<Record<Exclude<FileKind, 'config'>, string>> = {
  key: 'keys',
  pack: 'data',
  index: 'index',
  snapshot: 'snapshots',
  lock: 'locks',
}

/** Ours alone, for half-written files; other programs leave it alone. */
export const BESIDE_FOLDER = 'tmp'
/** How old a half-written file must be to be taken for one of a writer that died. */
export const LEFTOVER_MS = 24 * 3_600_000

export const isFileName = (kind: FileKind, name: string): boolean => (kind === 'config' ? name === 'config' : NAME.test(name))

/** With slashes, as all storages have them. */
export function pathOf(kind: FileKind, name: string): string {
  if (kind === 'config') return 'config'
  return kind === 'pack' ? `data/${name.slice(0, 2)}/${name}` : `${FOLDERS[kind]}/${name}`
}

/** The folder in which the files of a kind lie: packs in folders of it, by the first two digits of their names. */
export const folderOf = (kind: FileKind): string => (kind === 'config' ? '' : FOLDERS[kind])

/** All folders of a vault, each behind the one that it is in. */
export const allFolders: readonly string[] = [
  ...Object.values(FOLDERS),
  BESIDE_FOLDER,
  ...Array.from({ length: 256 }, (_, first) => `data/${first.toString(16).padStart(2, '0')}`),
]
