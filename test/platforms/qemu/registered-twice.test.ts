// One VM that an operator has registered under two targets, each with a monitor and a scratch folder of its own.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/values/index.ts'
import { peer } from '../../peers/peer.ts'
import { checkpointsOf, type Desk, leftIn, openDesk } from './desk.ts'
import { type Fate, meddle } from './meddling.ts'
import type { Ended } from './office.ts'

const hasPeers = peer('qemu-system-x86_64', 'qemu-system-x86') && peer('qemu-img', 'qemu-utils')
const MINUTES = { timeout: 900_000 }
const BACKUPS = {
  'qemu/vm-backup': ['quiesce=false'],
  'qemu/group-backup': ['quiesce=false', 'vms=["erp-db"]'],
} as const
type Backup = keyof typeof BACKUPS

describe.runIf(hasPeers)('a VM that is registered under two targets', () => {
  test.each(Object.keys(BACKUPS) as readonly Backup[])(
    'P8: and backed up by %s through both at once: one waits, and builds upon what the other made',
    MINUTES,
    async (backup) => {
      await using desk = await openTwice()
      await desk.machine.write()
      const both = await Promise.all([desk.run(backup, ...BACKUPS[backup]), desk.runOn('again', backup, ...BACKUPS[backup])])
      for (const { exitCode, printed } of both) expect(exitCode, printed).toBe(0)
      expect(both.map((ended) => pointOf(ended).level).toSorted()).toEqual(['full', 'incremental'])
      for (const ended of both) await isRight(desk, ended)
      await nothingIsLeft(desk)
    },
  )

  test.each([
    { first: 'qemu/vm-backup', second: 'qemu/group-backup' },
    { first: 'qemu/group-backup', second: 'qemu/vm-backup' },
  ] as const)(
    'P2, P8: and backed up by $second through one while $first has it through the other: only the first has a point',
    MINUTES,
    async ({ first, second }) => {
      await using desk = await openTwice('meddled.qmp')
      let meanwhile: Promise<Ended> | undefined
      using _ = await meddle(join(desk.folder, 'meddled.qmp'), desk.machine.monitorPath, async (command): Promise<Fate> => {
        if (command === 'block-export-add') meanwhile ??= desk.runOn('again', second, ...BACKUPS[second])
        await meanwhile
        return 'passes'
      })
      await desk.machine.write()
      const ended = await desk.run(first, ...BACKUPS[first])
      expect(ended.exitCode, ended.printed).toBe(0)
      const other = await meanwhile
      expect(other?.exitCode).not.toBe(0)
      expect(other?.printed).toContain('"type":"disksTaken"')
      await isRight(desk, ended)
      await nothingIsLeft(desk)

      await desk.machine.write()
      const next = await desk.runOn('again', second, ...BACKUPS[second])
      expect(pointOf(next).level, next.printed).toBe('incremental')
      await isRight(desk, next)
      await nothingIsLeft(desk)
    },
  )
})

/** `monitor`: what the first target has in place of QEMU's own, in the folder of the desk. */
async function openTwice(monitor?: string): Promise<Desk> {
  const desk = await openDesk(83, (folder) => (monitor === undefined ? {} : { monitor: join(folder, monitor) }))
  const [file, scratchDirectory] = [join(desk.folder, 'holdfast.config.yaml'), join(desk.folder, 'scratch')]
  mkdirSync(scratchDirectory)
  const config = JSON.parse(readFileSync(file, 'utf8')) as { readonly targets: JsonObject }
  const again = { connection: 'qemu/Hypervisor', monitor: desk.machine.secondMonitorPath, scratchDirectory }
  writeFileSync(file, JSON.stringify({ ...config, targets: { ...config.targets, again } }))
  return desk
}

/** A group's has one for each VM. */
const pointOf = ({ outputs }: Ended): JsonObject => (outputs.points as readonly JsonObject[] | undefined)?.[0] ?? outputs

async function isRight(desk: Desk, ended: Ended): Promise<void> {
  const disks = await desk.restored(String(pointOf(ended).pointId))
  expect(desk.machine.momentOf(disks)).toBe(desk.machine.writes.length)
}

async function nothingIsLeft(desk: Desk): Promise<void> {
  expect([...(await leftIn(desk)), ...readdirSync(join(desk.folder, 'scratch'))]).toEqual([])
  expect(await checkpointsOf(desk)).toHaveLength(1)
}
