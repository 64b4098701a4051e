// A VM that goes on in another QEMU on the same disks: what its checkpoints are worth there. No guest system is in it.
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { peer } from '../../peers/peer.ts'
import { checkpointsOf, type Desk, leftIn, openDesk } from './desk.ts'
import type { MachineOptions } from './machine.ts'
import { type Fate, meddle } from './meddling.ts'

const hasPeers = peer('qemu-system-x86_64', 'qemu-system-x86') && peer('qemu-img', 'qemu-utils')
const MINUTES = { timeout: 900_000 }

describe.runIf(hasPeers)('a VM of a real QEMU that goes on in another one', () => {
  test.each([
    { on: 'qcow2, which keeps its checkpoints under whatever names of nodes', format: 'qcow2', next: 'incremental' },
    { on: 'raw files, which do not', format: 'raw', next: 'full' },
  ] as const)('P8: on $on: the next backup is $next, and right', MINUTES, async ({ format, next }) => {
    await using desk = await openDesk(71, () => ({}), { format })
    await desk.machine.write()
    await isRight(desk, 'full')
    await desk.machine.write()
    await goOn(desk, { format, prefix: 'moved-' })
    await isRight(desk, next)
    // And back again, with nothing written in between.
    await goOn(desk, { format })
    await isRight(desk, next)
    await isRight(desk, 'incremental')
  })

  test(
    'P8: is refused to, in the middle of a backup, by QEMU itself; the backup is right, and so is the next',
    MINUTES,
    async () => {
      await using desk = await openDesk(73, (folder) => ({ monitor: join(folder, 'meddled.qmp') }))
      const refused: unknown[] = []
      const onCommand = async (command: string): Promise<Fate> => {
        if (command === 'block-export-add')
          await desk.machine.saveTo(join(desk.folder, 'memory')).catch((error) => refused.push(error))
        return 'passes'
      }
      using _ = await meddle(join(desk.folder, 'meddled.qmp'), desk.machine.monitorPath, onCommand)
      for (const level of ['full', 'incremental']) {
        await desk.machine.write()
        await isRight(desk, level)
        expect(await desk.machine.ask('query-status')).toMatchObject({ status: 'running' })
      }
      expect(refused.map(String)).toEqual(Array.from(refused, () => 'Error: QEMU could not be saved'))
      expect(refused.length).toBeGreaterThan(1)
    },
  )
})

/** In another QEMU, which takes over where this one stands still. */
async function goOn(desk: Desk, options: MachineOptions): Promise<void> {
  const from = join(desk.folder, 'memory')
  await desk.machine.saveTo(from)
  await desk.restart('quit', { ...options, from })
}

async function isRight(desk: Desk, level: string): Promise<void> {
  const { exitCode, outputs, printed } = await desk.run('qemu/vm-backup', 'quiesce=false')
  expect(exitCode, printed).toBe(0)
  expect(outputs).toMatchObject({ level })
  expect(desk.machine.momentOf(await desk.restored(String(outputs.pointId)))).toBe(desk.machine.writes.length)
  expect(await leftIn(desk)).toEqual([])
  expect(await checkpointsOf(desk)).toHaveLength(1)
}
