// What a sweep lists in a real QEMU and in its scratch folder. No guest system is in it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { peer } from '../../peers/peer.ts'
import { openDesk, VM } from './desk.ts'

const hasPeers = [peer('qemu-system-x86_64', 'qemu-system-x86'), peer('qemu-img', 'qemu-utils')].every(Boolean)

describe.runIf(hasPeers)('a sweep of a real QEMU', () => {
  test('P2: finds bitmaps and scratch files that no ledger knows, and tells whose they may be', {
    timeout: 900_000,
  }, async () => {
    await using desk = await openDesk(7)
    const backup = await desk.run('qemu/vm-backup', 'quiesce=false')
    expect(backup.exitCode, backup.printed).toBe(0)
    const lost = 'holdfast-260101-120000-abcdef'
    await desk.machine.ask('block-dirty-bitmap-add', { node: 'data0-format', name: lost })
    writeFileSync(join(desk.folder, 'vm', `${lost}.data0.qcow2`), '')
    const { stdout, exitCode, stderr } = await desk.command('sweep', 'hypervisor', '--format', 'json')
    const { found, unread } = JSON.parse(stdout) as {
      found: { verdict: string; resource: string; identity: { name: string } }[]
      unread: []
    }
    expect({ unread, stderr, exitCode }).toEqual({ unread: [], stderr: '', exitCode: 0 })
    const told = found.map(
      ({ verdict, resource, identity }) => `${verdict} ${resource} ${identity.name === lost ? 'lost' : 'of the run'}`,
    )
    expect(told.sort()).toEqual(['foreign qemu/Checkpoint lost', 'foreign qemu/Scratch lost', 'kept qemu/Checkpoint of the run'])
    expect(found.map(({ identity }) => identity)).toContainEqual({ vm: VM, name: lost })
  })
})
