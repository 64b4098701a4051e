// Two real guests whose writers share transactions: what backups of both together are worth, measured by booting what was restored.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bootGuest, type Guest, makeDisks } from '../../../src/platforms/qemu/measuring/boot.ts'
import { lastTransactionIn, levelOfBoth, type Measured } from '../../../src/platforms/qemu/measuring/measure.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { measurePoint } from './boots.ts'
import { hasGuest } from './has-guest.ts'
import { tell, whatIsLeft } from './left-behind.ts'
import { openOffice } from './office.ts'

const ROLES = ['first', 'second'] as const
type Role = (typeof ROLES)[number]
const UUIDS = { first: '11111111-5a3b-4a0e-8f57-6b9a1c2d3e4f', second: '22222222-5a3b-4a0e-8f57-6b9a1c2d3e4f' } as const

describe.runIf(hasGuest)('two guests that share transactions', () => {
  test('P4, P9: one after the other they are not of one instant; as a group they are, full and incremental, and nothing is left', {
    timeout: 900_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hf-group-'))
    await using opened = new AsyncDisposableStack()
    opened.defer(() => rmSync(folder, { recursive: true, force: true }))
    const guests = {} as Record<Role, Guest>
    for (const role of ROLES) {
      const at = join(folder, role)
      await makeDisks(at)
      const options = { writes: true, vm: { name: role, uuid: UUIDS[role] }, link: { path: join(folder, 'link.sock'), role } }
      guests[role] = opened.use(await bootGuest(at, options))
    }
    const paths = { monitor: join(folder, '{vm}', 'monitor.sock'), scratchDirectory: join(folder, '{vm}') }
    mkdirSync(join(folder, 'desk'))
    const office = await openOffice(join(folder, 'desk'), {
      hypervisor: { connection: 'qemu/Hypervisor', ...paths },
      guest: { connection: 'guest/Machine', channel: 'none' },
    })
    // Those that were restored boot sooner while nobody else computes.
    const whileStill = async <Result>(call: () => Promise<Result>): Promise<Result> => {
      for (const role of ROLES) await tell(guests[role], 'stop')
      const result = await call()
      for (const role of ROLES) await tell(guests[role], 'cont')
      return result
    }
    await untilWritten(guests.second, 3)

    const split = {} as Record<Role, Measured>
    for (const role of ROLES) {
      const { outputs, exitCode, printed } = await office.run('qemu/vm-backup', `vm=${role}`, 'quiesce=false')
      expect(exitCode, printed).toBe(0)
      split[role] = await whileStill(() => measurePoint(office, String(outputs.pointId), join(folder, `split-${role}`)))
      expect(split[role].level).toBe('crash')
      if (role === 'first') await untilWritten(guests.second, split.first.journal + 3)
    }
    expect(levelOfBoth(split.first, split.second)).toBe('broken')

    for (const [round, level] of ['incremental', 'incremental'].entries()) {
      const { outputs, exitCode, printed } = await office.run('qemu/group-backup', 'vms=["first","second"]')
      expect(exitCode, printed).toBe(0)
      const points = (outputs.points as readonly JsonObject[]).toSorted((a, b) => String(a.name).localeCompare(String(b.name)))
      expect(points).toMatchObject(ROLES.map((name) => ({ name, level, consistency: 'crash', leftOut: [] })))
      const group = {} as Record<Role, Measured>
      for (const { name, pointId } of points)
        group[name as Role] = await whileStill(() =>
          measurePoint(office, String(pointId), join(folder, `group-${round}-${String(name)}`)),
        )
      expect(levelOfBoth(group.first, group.second), JSON.stringify(group)).toBe('crash')
      expect(group.first.journal).toBeGreaterThan(split.second.table)
      for (const role of ROLES) expect(await whatIsLeft(guests[role])).toEqual([])
    }
  })
})

async function untilWritten(guest: Guest, transaction: number): Promise<void> {
  while ((await lastTransactionIn(guest)) < transaction);
}
