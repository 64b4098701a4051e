// Two real guests that share transactions, and engines that are killed while they back up both. `npm run kills:qemu -- --runbook
// qemu/group-backup` kills at every record.
import { describe, expect, test } from 'vitest'
import { byEffort } from '../../faults/kill/kill.ts'
import { hasGuest } from './has-guest.ts'
import { type KilledBackup, openKilledBackups } from './killed-backup.ts'

/** About these, applications are told, file systems frozen, and processors stopped. */
const RECORDS = byEffort({ desk: [20], ci: [17, 22], all: [8, 12, 16, 18, 20, 22, 24, 28, 32, 40, 48] })

describe.runIf(hasGuest)('two real guests that share transactions', () => {
  test('P2, P4, P5, P8: whose backup as a group is killed go on writing, nothing is left, and the next points equal their disks', {
    timeout: 900_000,
  }, async () => {
    await using backups = await openKilledBackups('qemu/group-backup')
    const killed: KilledBackup[] = []
    for (const record of RECORDS) {
      const ended = await backups.killAt(record)
      if (ended) killed.push(ended)
    }
    console.log(`killed at records ${RECORDS.join(', ')} of ${backups.records}; held still for ${stillsOf(killed)} ms`)
    expect(killed.flatMap(({ violations }) => violations)).toEqual([])
    expect(killed).toHaveLength(RECORDS.length)
  })
})

const stillsOf = (killed: readonly KilledBackup[]): string => killed.map(({ stillMs }) => Math.round(stillMs)).join(', ')
