// How consistent restored disks really are: their file systems are looked at as they lie there, then a fresh guest is booted from them,
// and the records of the writer are compared.
import { openSource } from '../../../blocks/index.ts'
import type { Consistency } from '../../../vault/index.ts'
import { ext4On } from '../ext4.ts'
import { bootGuest, DISKS, type DiskName, type Guest } from './boot.ts'
import { runInGuest } from './in-guest.ts'

export interface Measured {
  /** `broken`: not of one instant. */
  readonly level: Consistency | 'broken'
  /** Last transactions in the journal and in the table. */
  readonly journal: number
  readonly table: number
  /** Whether every journal of a file system was empty. */
  readonly clean: boolean
  /** The transaction after which the writer said that it held still. */
  readonly held?: number
}

export async function measure(folder: string, files: Readonly<Record<DiskName, string>>): Promise<Measured> {
  const clean = await areClean(files)
  await using guest = await bootGuest(folder, { writes: false, files })
  const said = await verifyIn(guest)
  const [journal, table, bad] = [Number(said.journal), Number(said.table), Number(said.journalBad) + Number(said.tableBad)]
  const held = said.held === undefined || said.held === '' ? undefined : Number(said.held)
  const facts = { journal, table, clean, ...(held === undefined ? {} : { held }) }
  return { ...facts, level: levelOf(facts, bad) }
}

/** Of two guests whose writers are linked: at any one instant the first one's journal is at most one ahead of the second one's table. */
export function levelOfBoth(first: Measured, second: Measured): Measured['level'] {
  const inOrder = first.table >= second.journal && first.journal <= second.table + 1
  if (!inOrder || first.level === 'broken' || second.level === 'broken') return 'broken'
  return LEVELS[Math.min(LEVELS.indexOf(first.level), LEVELS.indexOf(second.level))] ?? 'crash'
}

const LEVELS: readonly Consistency[] = ['crash', 'filesystem', 'application']

/** The last transaction in the journal of a guest that runs. */
export const lastTransactionIn = async (guest: Guest): Promise<number> => Number((await verifyIn(guest)).journal)

/** The writer syncs a journal line before the table's slot, so at any one instant the journal is at most one ahead. */
function levelOf({ journal, table, clean, held }: Omit<Measured, 'level'>, bad: number): Measured['level'] {
  if (bad > 0 || journal < table || journal > table + 1) return 'broken'
  if (clean && held === journal && held === table) return 'application'
  return clean ? 'filesystem' : 'crash'
}

async function areClean(files: Readonly<Record<DiskName, string>>): Promise<boolean> {
  for (const disk of DISKS) {
    await using source = await openSource({ kind: 'file', path: files[disk] })
    if ((await ext4On(source)).some(({ clean }) => !clean)) return false
  }
  return true
}

async function verifyIn(guest: Guest): Promise<Readonly<Record<string, string | undefined>>> {
  const text = await runInGuest(guest, '/usr/bin/verify')
  return Object.fromEntries(text.split('\n').map((line) => line.split('=')))
}
