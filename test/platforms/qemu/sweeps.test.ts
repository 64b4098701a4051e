// What a sweep lists in a real QEMU and in its scratch folder. No guest system is in it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { peer } from '../../peers/peer.ts'
import { openDesk, VM } from './desk.ts'
import { startMachine } from './machine.ts'

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

  test('P2: looks at every VM of a target that serves several, and tells which it cannot ask', { timeout: 900_000 }, async () => {
    await using desk = await openDesk(7, (folder) => ({
      monitor: join(folder, '{vm}', 'holdfast.qmp'),
      scratchDirectory: join(folder, '{vm}'),
    }))
    const swept = async () => {
      const { stdout, exitCode } = await desk.command('sweep', 'hypervisor', '--format', 'json')
      const { found, unread } = JSON.parse(stdout) as {
        found: { verdict: string; resource: string; identity: { name: string } }[]
        unread: { input: { vmName?: string } }[]
      }
      const told = found.map(
        ({ verdict, resource, identity }) => `${verdict} ${resource} ${identity.name === lost ? 'lost' : ''}`,
      )
      return { told: told.sort(), unread: [...new Set(unread.map(({ input }) => input.vmName))], exitCode }
    }
    const lost = 'holdfast-260101-120000-abcdef'
    const backup = await desk.run('qemu/vm-backup', 'vm=vm', 'quiesce=false')
    expect(backup.exitCode, backup.printed).toBe(0)
    {
      await using other = await startMachine(join(desk.folder, 'other'), 8)
      await other.ask('block-dirty-bitmap-add', { node: 'data0-format', name: lost })
      expect(await swept()).toEqual({
        told: ['foreign qemu/Checkpoint lost', 'kept qemu/Checkpoint '],
        unread: [],
        exitCode: 0,
      })
    }
    // Its socket is there still.
    expect(await swept()).toMatchObject({ told: ['kept qemu/Checkpoint '], unread: ['other'] })
  })
})
