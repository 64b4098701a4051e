// What operators do to a VM between two backups and during one: with a real QEMU, without a guest system.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { peer } from '../../peers/peer.ts'
import { checkpointsOf, type Desk, leftIn, openDesk } from './desk.ts'
import { DISK_BYTES } from './machine.ts'
import { type Fate, meddle } from './meddling.ts'

const hasPeers = peer('qemu-system-x86_64', 'qemu-system-x86') && peer('qemu-img', 'qemu-utils')
const MINUTES = { timeout: 900_000 }

describe.runIf(hasPeers)('a VM of a real QEMU, between two backups', () => {
  test('P8: one of whose disks has grown: that disk is read whole, the other only where it changed', MINUTES, async () => {
    await using desk = await openDesk(31)
    for (let count = 0; count < 5; count += 1) await desk.machine.write()
    await backedUp(desk, 'full')
    await desk.machine.ask('block_resize', { 'node-name': 'data0-format', size: 2 * DISK_BYTES })
    await desk.machine.write()
    const { pointId, bytesRead } = await backedUp(desk, 'incremental')
    expect(Number(bytesRead)).toBeLessThan(3 * DISK_BYTES)
    const { data0, wal0 } = await desk.restored(String(pointId))
    expect(data0.length).toBe(2 * DISK_BYTES)
    expect(data0.subarray(DISK_BYTES).every((byte) => byte === 0)).toBe(true)
    expect(desk.machine.momentOf({ data0: data0.subarray(0, DISK_BYTES), wal0 })).toBe(desk.machine.writes.length)
  })

  test('P8: that is given a disk, and loses it: each point has the disks that there were, whole', MINUTES, async () => {
    await using desk = await openDesk(37)
    await desk.machine.write()
    await backedUp(desk, 'full')
    await plugIn(desk)
    await writeExtra(desk, 7)
    const three = await backedUp(desk, 'incremental')
    expect(await extraOf(desk, three.pointId)).toEqual([Buffer.alloc(DISK_BYTES, 7)])
    await writeExtra(desk, 8)
    expect(await extraOf(desk, (await backedUp(desk, 'incremental')).pointId)).toEqual([Buffer.alloc(DISK_BYTES, 8)])

    await unplug(desk)
    await desk.machine.write()
    const two = await backedUp(desk, 'incremental')
    expect(await extraOf(desk, two.pointId)).toEqual([])
    expect(desk.machine.momentOf(await desk.restored(String(two.pointId)))).toBe(desk.machine.writes.length)
    expect(await leftIn(desk)).toEqual([])
  })

  test('P8: that lay on raw files keeps no checkpoint over its end: incremental until then, full after', MINUTES, async () => {
    await using desk = await openDesk(41, () => ({}), { format: 'raw' })
    for (const level of ['full', 'incremental']) {
      await desk.machine.write()
      const { pointId } = await backedUp(desk, level)
      expect(desk.machine.momentOf(await desk.restored(String(pointId)))).toBe(desk.machine.writes.length)
    }
    await desk.restart('quit')
    await desk.machine.write()
    const { pointId } = await backedUp(desk, 'full')
    expect(desk.machine.momentOf(await desk.restored(String(pointId)))).toBe(desk.machine.writes.length)
  })

  test(
    'P8: that was given an overlay, which was committed later: full where a checkpoint would miss writes',
    MINUTES,
    async () => {
      await using desk = await openDesk(43)
      await desk.machine.write()
      await backedUp(desk, 'full')
      const isRight = async (level: string): Promise<void> => {
        await desk.machine.write()
        const { pointId } = await backedUp(desk, level)
        expect(desk.machine.momentOf(await desk.restored(String(pointId)))).toBe(desk.machine.writes.length)
        expect(await leftIn(desk)).toEqual([])
      }
      const overlay = join(desk.folder, 'vm', 'overlay.qcow2')
      execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', join(desk.folder, 'vm/data0.qcow2'), '-F', 'qcow2', overlay])
      const file = { driver: 'file', filename: overlay }
      await desk.machine.ask('blockdev-add', { driver: 'qcow2', 'node-name': 'over-data0', file, backing: null })
      await desk.machine.ask('blockdev-snapshot', { node: 'data0-format', overlay: 'over-data0' })
      // The other disk goes on as it was.
      await isRight('incremental')
      await isRight('incremental')
      const commit = { 'job-id': 'commit', device: 'over-data0', 'auto-finalize': true, 'auto-dismiss': false }
      await desk.machine.ask('block-commit', commit)
      for (;;) {
        const [job] = (await desk.machine.ask('query-jobs')) as readonly { readonly status: string }[]
        if (job?.status === 'ready') await desk.machine.ask('job-complete', { id: 'commit' }).catch(() => {})
        if (job?.status === 'concluded') break
      }
      await desk.machine.ask('job-dismiss', { id: 'commit' })
      await desk.machine.ask('blockdev-del', { 'node-name': 'over-data0' })
      await isRight('incremental')
      await isRight('incremental')
      expect(await checkpointsOf(desk)).toHaveLength(1)
    },
  )
})

describe.runIf(hasPeers)('a VM of a real QEMU, during a backup', () => {
  /** Does something when the first disk is about to be served. */
  const openMeddled = async (seed: number, meddling: (desk: Desk) => Promise<unknown>) => {
    const desk = await openDesk(seed, (folder) => ({ monitor: join(folder, 'meddled.qmp') }))
    let isDone = false
    const onCommand = async (command: string): Promise<Fate> => {
      if (command === 'block-export-add' && !isDone) {
        isDone = true
        await meddling(desk)
      }
      return 'passes'
    }
    const meddled = await meddle(join(desk.folder, 'meddled.qmp'), desk.machine.monitorPath, onCommand)
    return {
      desk,
      [Symbol.asyncDispose]: async () => {
        meddled[Symbol.dispose]()
        await desk[Symbol.asyncDispose]()
      },
    }
  }

  test('that is reset is backed up as it was', MINUTES, async () => {
    let moment = 0
    await using opened = await openMeddled(47, async ({ machine }) => {
      moment = machine.writes.length
      await machine.ask('system_reset')
      await machine.write()
    })
    const { desk } = opened
    await desk.machine.write()
    for (const level of ['full', 'incremental']) {
      const before = desk.machine.writes.length
      const { pointId } = await backedUp(desk, level)
      expect(desk.machine.momentOf(await desk.restored(String(pointId)))).toBe(level === 'full' ? moment : before)
    }
    expect(await leftIn(desk)).toEqual([])
  })

  test('P2: whose QEMU is killed has no point made of it, and the next one is full', MINUTES, async () => {
    await using opened = await openMeddled(53, (desk) => desk.restart('kill'))
    const { desk } = opened
    await desk.machine.write()
    const { exitCode, printed } = await desk.run('qemu/vm-backup', 'quiesce=false')
    expect(exitCode).not.toBe(0)
    expect(printed).toContain('"type":"answerLost"')
    expect(await leftIn(desk)).toEqual([])
    const { pointId } = await backedUp(desk, 'full')
    expect(desk.machine.momentOf(await desk.restored(String(pointId)))).toBe(desk.machine.writes.length)
  })

  test('P2: that loses a disk is let go of whole, the lost disk too', MINUTES, async () => {
    await using opened = await openMeddled(59, unplug)
    const { desk } = opened
    await plugIn(desk)
    await desk.run('qemu/vm-backup', 'quiesce=false')
    expect(await leftIn(desk)).toEqual([])
    await desk.machine.write()
    const { pointId } = await backedUp(desk)
    expect(desk.machine.momentOf(await desk.restored(String(pointId)))).toBe(desk.machine.writes.length)
  })

  test('is not backed up by another run before the first has ended', MINUTES, async () => {
    await using desk = await openDesk(61)
    await desk.machine.write()
    const both = await Promise.all([1, 2].map(() => desk.run('qemu/vm-backup', 'quiesce=false')))
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0])
    expect(both.map(({ outputs }) => outputs.level).sort()).toEqual(['full', 'incremental'])
    expect(await leftIn(desk)).toEqual([])
    expect(await checkpointsOf(desk)).toHaveLength(1)
  })

  test.each([
    { lost: 'blockdev-create', after: 2, type: 'halfMade' },
    { lost: 'blockdev-add', after: 5, type: 'halfMade' },
    { lost: 'qom-set', after: 1, type: 'halfMade' },
    { lost: 'nbd-server-start', after: 0, type: 'snapshotBroken' },
    { lost: 'block-export-add', after: 0, type: 'snapshotBroken' },
  ])('P2, P3: whose answer to $lost is lost is not gone on with by halves, and nothing is left', MINUTES, async (each) => {
    await using desk = await openDesk(67, (folder) => ({ monitor: join(folder, 'meddled.qmp') }))
    let seen = 0
    using _ = await meddle(join(desk.folder, 'meddled.qmp'), desk.machine.monitorPath, (command) => {
      if (command !== each.lost) return 'passes'
      seen += 1
      return seen === each.after + 1 ? 'lost' : 'passes'
    })
    await desk.machine.write()
    const { exitCode, printed } = await desk.run('qemu/vm-backup', 'quiesce=false')
    expect(exitCode).not.toBe(0)
    expect(printed).toContain(`"type":"${each.type}"`)
    expect(await leftIn(desk)).toEqual([])
    expect(await desk.machine.ask('query-status')).toMatchObject({ status: 'running' })
    const { pointId } = await backedUp(desk, 'full')
    expect(desk.machine.momentOf(await desk.restored(String(pointId)))).toBe(desk.machine.writes.length)
  })
})

async function backedUp(desk: Desk, level?: string) {
  const { exitCode, outputs, printed } = await desk.run('qemu/vm-backup', 'quiesce=false')
  expect(exitCode, printed).toBe(0)
  if (level !== undefined) expect(outputs).toMatchObject({ level })
  return outputs
}

/** A third disk, at a controller that asks no guest before it lets go of one. */
async function plugIn({ machine, folder }: Desk): Promise<void> {
  const filename = join(folder, 'vm', 'extra.qcow2')
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', filename, String(DISK_BYTES)])
  await machine.ask('blockdev-add', { driver: 'qcow2', 'node-name': 'extra-format', file: { driver: 'file', filename } })
  await machine.ask('device_add', { driver: 'virtio-scsi-pci', id: 'controller' })
  await machine.ask('device_add', { driver: 'scsi-hd', id: 'extra', bus: 'controller.0', drive: 'extra-format' })
}

async function unplug({ machine }: Desk): Promise<void> {
  await machine.ask('device_del', { id: 'extra' })
  const isThere = async () =>
    ((await machine.ask('query-block')) as readonly { readonly qdev?: string }[]).some(({ qdev }) => qdev?.includes('extra'))
  while (await isThere());
}

const writeExtra = ({ machine }: Desk, byte: number): Promise<unknown> =>
  machine.ask('human-monitor-command', {
    'command-line': `qemu-io -d /machine/peripheral/extra "write -q -P ${byte} 0 ${DISK_BYTES}"`,
  })

/** What a point has of the third disk. */
async function extraOf(desk: Desk, pointId: unknown): Promise<readonly Buffer[]> {
  const into = join(desk.folder, `out-${String(pointId)}`)
  const { outputs } = await desk.run('qemu/vm-restore', `pointId=${String(pointId)}`, `directory=${into}`, 'name=erp')
  const files = outputs.files as readonly string[]
  return files.filter((file) => file.endsWith('.extra.raw')).map((file) => readFileSync(file))
}
