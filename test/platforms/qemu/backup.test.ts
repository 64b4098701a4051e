// The QEMU pack against a real QEMU, without a guest system: what is written meanwhile comes from its own monitor.
import { describe, expect, test } from 'vitest'
import { startHoldfast } from '../../acceptance/holdfast.ts'
import { peer } from '../../peers/peer.ts'
import { checkpointsOf, type Desk, leftIn, openDesk, VM, whileWriting } from './desk.ts'

const hasPeers = peer('qemu-system-x86_64', 'qemu-system-x86') && peer('qemu-img', 'qemu-utils')

describe.runIf(hasPeers)('a VM of a real QEMU', () => {
  test('P4, P8: is backed up full and incremental while it writes; every point is of one moment on all disks, and nothing is left', {
    timeout: 900_000,
  }, async () => {
    await using desk = await openDesk(7)
    for (let count = 0; count < 40; count += 1) await desk.machine.write()
    const moments: (number | undefined)[] = []
    let lastWrites = 0
    for (const level of ['full', 'incremental', 'incremental']) {
      const { exitCode, outputs, printed } = await whileWriting(desk, desk.run('qemu/vm-backup', 'quiesce=false'))
      expect(exitCode, printed).toBe(0)
      expect(outputs).toMatchObject({ vmId: VM, level, consistency: 'crash', leftOut: [] })
      const moment = desk.machine.momentOf(await desk.restored(String(outputs.pointId)))
      expect(moment).toBeGreaterThan(lastWrites)
      moments.push(moment)
      lastWrites = moment ?? 0
      expect(await leftIn(desk)).toEqual([])
      expect(await checkpointsOf(desk)).toHaveLength(1)
    }
  })

  test('P8: a checkpoint that QEMU has stored is built upon after a restart; one that a crash took means a full backup', {
    timeout: 900_000,
  }, async () => {
    await using desk = await openDesk(11)
    for (let count = 0; count < 10; count += 1) await desk.machine.write()
    const backup = async () => {
      const { exitCode, outputs, printed } = await desk.run('qemu/vm-backup', 'quiesce=false')
      expect(exitCode, printed).toBe(0)
      const moment = desk.machine.momentOf(await desk.restored(String(outputs.pointId)))
      expect(moment).toBe(desk.machine.writes.length)
      return outputs.level
    }
    expect(await backup()).toBe('full')
    await desk.machine.write()
    await desk.restart('quit')
    await desk.machine.write()
    expect(await backup()).toBe('incremental')
    await desk.machine.write()
    await desk.restart('kill')
    expect(await backup()).toBe('full')
    expect(await checkpointsOf(desk)).toHaveLength(1)
    expect(await leftIn(desk)).toEqual([])
  })

  /** Lines of the run after which its process is killed: before, in and after the snapshot. `kill.test.ts` kills by records, with a guest. */
  const LINES = [9, 24, 34]

  test.each(LINES)(
    'P1, P2, P5: killed after %i lines of its run and resumed, it leaves nothing, the VM runs, and points are of one moment',
    {
      timeout: 900_000,
    },
    async (line) => {
      await using desk = await openDesk(line)
      for (let count = 0; count < 10; count += 1) await desk.machine.write()
      const id = await whileWriting(desk, killedAfter(desk, line))
      const { exitCode, outputs, printed } = await whileWriting(desk, desk.resume(id))
      // What was held still when its engine died cannot be gone on with: then there is no point, and that is all.
      if (exitCode !== 0) expect(printed).toContain('"type":"crashed"')
      else expect(desk.machine.momentOf(await desk.restored(String(outputs.pointId)))).toBeGreaterThan(0)
      expect(await leftIn(desk)).toEqual([])
      expect(await checkpointsOf(desk)).toHaveLength(exitCode === 0 ? 1 : 0)
      expect(await desk.machine.ask('query-status')).toMatchObject({ status: 'running' })

      const next = await whileWriting(desk, desk.run('qemu/vm-backup', 'quiesce=false'))
      expect(next.outputs).toMatchObject({ level: exitCode === 0 ? 'incremental' : 'full' })
      expect(desk.machine.momentOf(await desk.restored(String(next.outputs.pointId)))).toBeGreaterThan(0)
    },
  )
})

/** Starts a backup as a process of its own and kills it; answers its id. A run with fewer lines ends before. */
async function killedAfter({ folder, env }: Desk, lines: number): Promise<string> {
  const where = { cwd: folder, env }
  const { child, ended } = startHoldfast(where, 'run', 'qemu/vm-backup', '-i', 'quiesce=false', '--format', 'json')
  let printed = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
    if (printed.split('\n').length > lines) child.kill('SIGKILL')
  })
  const { stdout } = await ended
  return /"run":"([^"]+)"/.exec(stdout)?.[1] ?? ''
}
