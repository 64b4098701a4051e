// What goes wrong with a real QEMU: its actions one by one, and what they leave. No guest system is in it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ActionFailure, type Failure } from '../../../src/packs/index.ts'
import { qemu } from '../../../src/platforms/qemu/index.ts'
import { openMonitor } from '../../../src/platforms/qemu/monitor.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { peer } from '../../peers/peer.ts'
import { callAction, failureOf } from '../calls.ts'
import { checkpointsOf, leftIn, openDesk } from './desk.ts'
import { DISK_BYTES, DISKS, type Machine, type MachineOptions, startMachine } from './machine.ts'

const hasPeers = [
  peer('qemu-system-x86_64', 'qemu-system-x86'),
  peer('qemu-img', 'qemu-utils'),
  peer('setpriv', 'util-linux'),
  peer('prlimit', 'util-linux'),
].every(Boolean)

const MINUTES = { timeout: 900_000 }

describe.runIf(hasPeers)('a real QEMU', () => {
  test('whose scratch is full writes on: the snapshot is broken, and is told to be', MINUTES, async () => {
    // Room for every block of a disk, and not for the tables beside them.
    await using there = await openThere({ format: 'raw', maxFileBytes: DISK_BYTES })
    for (const disk of DISKS) await there.machine.fill(disk, 1)
    const at = await there.exported('run-1')
    for (const disk of DISKS) await there.machine.fill(disk, 2)
    expect(await there.machine.ask('query-status')).toMatchObject({ status: 'running' })
    expect(await there.fails('export.evidence', { export: at, disks: DISKS.map((disk) => ({ disk })) })).toMatchObject({
      type: 'snapshotBroken',
      applied: 'no',
    })
    await there.release('run-1')
    expect(await leftIn(there)).toEqual([])
    await there.machine.fill('data0', 3)
    expect(await there.machine.ask('query-status')).toMatchObject({ status: 'running' })
  })

  test('lets no second backup put its snapshot before the disks of the first', MINUTES, async () => {
    await using there = await openThere()
    await there.exported('run-1')
    await there.act('scratch.create', { name: 'run-2', disks: [...DISKS] })
    const second = { name: 'run-2', disks: DISKS.map((disk) => ({ disk })) }
    expect(await there.fails('snapshot.create', second)).toMatchObject({ type: 'disksTaken', applied: 'no' })
    expect(await there.fails('export.create', second)).toMatchObject({ type: 'halfMade', applied: 'no' })
    await there.release('run-2')
    expect(await there.act('export.find', { name: 'run-1' })).toMatchObject({ found: true })
    await there.release('run-1')
    expect(await leftIn(there)).toEqual([])
  })

  test('that serves NBD for somebody else goes on doing so', MINUTES, async () => {
    await using there = await openThere()
    const addr = { type: 'unix', data: { path: join(there.folder, 'theirs.sock') } }
    await there.machine.ask('nbd-server-start', { addr })
    await there.machine.ask('block-export-add', { type: 'nbd', id: 'theirs', 'node-name': 'data0-format', name: 'theirs' })
    await there.act('scratch.create', { name: 'run-1', disks: [...DISKS] })
    await there.act('snapshot.create', { name: 'run-1', disks: DISKS.map((disk) => ({ disk })) })
    const wanted = { name: 'run-1', disks: DISKS.map((disk) => ({ disk })) }
    expect(await there.fails('export.create', wanted)).toMatchObject({ type: 'serverTaken' })
    await there.release('run-1')
    expect(await there.machine.ask('query-block-exports')).toMatchObject([{ id: 'theirs' }])
    await there.machine.ask('nbd-server-stop')
    expect(await leftIn(there)).toEqual([])
  })

  test('whose monitor somebody else holds is told to be busy', MINUTES, async () => {
    await using there = await openThere()
    using _theirs = await openMonitor(there.machine.monitorPath, new AbortController().signal)
    expect(await there.fails('vm.get', {})).toMatchObject({
      type: 'unreachable',
      message: expect.stringContaining('somebody else is connected'),
      retryable: true,
      applied: 'no',
    })
  })

  test('P8: that crashed with a stored checkpoint has it spoilt: the backup is full, and forgets it', MINUTES, async () => {
    await using desk = await openDesk(23)
    const backup = async () => {
      await desk.machine.write()
      const { exitCode, outputs, printed } = await desk.run('qemu/vm-backup', 'quiesce=false')
      expect(exitCode, printed).toBe(0)
      expect(desk.machine.momentOf(await desk.restored(String(outputs.pointId)))).toBe(desk.machine.writes.length)
      return outputs.level
    }
    expect(await backup()).toBe('full')
    await desk.restart('quit')
    await desk.machine.write()
    await desk.restart('kill')
    const [spoilt] = await checkpointsOf(desk)
    expect(spoilt).toBeDefined()
    expect(await backup()).toBe('full')
    expect(await checkpointsOf(desk)).toHaveLength(1)
    expect(await checkpointsOf(desk)).not.toContain(spoilt)
    expect(await backup()).toBe('incremental')
  })
})

interface There extends AsyncDisposable {
  readonly machine: Machine
  readonly folder: string
  act(action: string, input: JsonObject): Promise<JsonObject>
  /** What the action fails with. */
  fails(action: string, input: JsonObject): Promise<Failure>
  /** All of a backup until its disks can be read; answers where. */
  exported(name: string): Promise<JsonObject>
  /** Lets go whatever is there of that name, as the engine does. */
  release(name: string): Promise<void>
}

async function openThere(options: MachineOptions = {}): Promise<There> {
  const folder = mkdtempSync(join(tmpdir(), 'hf-there-'))
  const machine = await startMachine(join(folder, 'vm'), 5, options)
  const act = (action: string, input: JsonObject): Promise<JsonObject> =>
    callAction(
      qemu.handlers,
      `qemu/${action}`,
      { hypervisor: { $target: 'hypervisor', connection: 'qemu/Hypervisor' }, ...input },
      {
        connection: ({ $target }) => ({
          target: $target,
          type: 'qemu/Hypervisor',
          settings: { monitor: machine.monitorPath, scratchDirectory: join(folder, 'vm') },
        }),
      },
    )
  return {
    machine,
    folder,
    act,
    fails: (action, input) => failureOf(act(action, input)),
    exported: async (name) => {
      const disks = DISKS.map((disk) => ({ disk }))
      await act('scratch.create', { name, disks: [...DISKS] })
      await act('snapshot.create', { name, disks })
      return await act('export.create', { name, disks })
    },
    release: async (name) => {
      for (const action of ['export.delete', 'snapshot.delete', 'scratch.delete'])
        await act(action, { name }).catch((error: unknown) => {
          if (!(error instanceof ActionFailure) || error.failure.type !== 'gone') throw error
        })
    },
    [Symbol.asyncDispose]: async () => {
      await machine[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
