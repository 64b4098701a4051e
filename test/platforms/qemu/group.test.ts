// Two real guests whose writers share transactions: what backups of both together are worth, measured by booting what was restored.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bootGuest, type Guest, makeDisks } from '../../../src/platforms/qemu/measuring/boot.ts'
import { runInGuest } from '../../../src/platforms/qemu/measuring/in-guest.ts'
import { lastTransactionIn, levelOfBoth, type Measured } from '../../../src/platforms/qemu/measuring/measure.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { measurePoint } from './boots.ts'
import { hasGuest } from './has-guest.ts'
import { tell, whatIsHeld, whatIsLeft } from './left-behind.ts'
import { type Office, openOffice } from './office.ts'
import { removeAgent } from './remove-agent.ts'

const MINUTES = 900_000
const ROLES = ['first', 'second'] as const
type Role = (typeof ROLES)[number]
const UUIDS = { first: '11111111-5a3b-4a0e-8f57-6b9a1c2d3e4f', second: '22222222-5a3b-4a0e-8f57-6b9a1c2d3e4f' } as const
const BOTH = 'vms=["first","second"]'

describe.runIf(hasGuest)('two guests that share transactions', () => {
  const opened = new AsyncDisposableStack()
  const guests = {} as Record<Role, Guest>
  let folder: string
  let office: Office

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hf-group-'))
    opened.defer(() => rmSync(folder, { recursive: true, force: true }))
    for (const role of ROLES) {
      const at = join(folder, role)
      await makeDisks(at)
      const options = { writes: true, vm: { name: role, uuid: UUIDS[role] }, link: { path: join(folder, 'link.sock'), role } }
      guests[role] = opened.use(await bootGuest(at, options))
    }
    const paths = { monitor: join(folder, '{vm}', 'monitor.sock'), scratchDirectory: join(folder, '{vm}') }
    mkdirSync(join(folder, 'desk'))
    office = await openOffice(join(folder, 'desk'), {
      hypervisor: { connection: 'qemu/Hypervisor', ...paths },
      guest: { connection: 'guest/Machine', channel: 'qemu-agent', socket: join(folder, '{vm}', 'agent.sock') },
    })
    await untilWritten(guests.second, 3)
  }, MINUTES)
  afterAll(() => opened.disposeAsync())

  /** Of points of both, booted while those that wrote them stand still: nobody else computes then. */
  async function worthOf(points: Readonly<Record<Role, string>>): Promise<Record<Role, Measured>> {
    for (const role of ROLES) await tell(guests[role], 'stop')
    const measured = {} as Record<Role, Measured>
    for (const role of ROLES) measured[role] = await measurePoint(office, points[role], join(folder, `boot-${role}`))
    for (const role of ROLES) await tell(guests[role], 'cont')
    return measured
  }

  test('P9: backed up one after the other are not of one instant', { timeout: MINUTES }, async () => {
    const points = {} as Record<Role, string>
    for (const role of ROLES) {
      const { outputs, exitCode, printed } = await office.run('qemu/vm-backup', `vm=${role}`, 'quiesce=false')
      expect(exitCode, printed).toBe(0)
      points[role] = String(outputs.pointId)
      if (role === 'first') await untilWritten(guests.second, (await lastTransactionIn(guests.first)) + 3)
    }
    const { first, second } = await worthOf(points)
    expect([first.level, second.level, levelOfBoth(first, second)]).toEqual(['crash', 'crash', 'broken'])
  })

  test.each([
    { how: 'held still for an instant', inputs: ['quiesce=false'], level: 'crash' },
    { how: 'frozen, all before any is kept', inputs: [], level: 'filesystem' },
    { how: 'frozen, with their applications told before', inputs: ['scripts=other'], level: 'application' },
  ])(
    'P4, P9: as a group are worth $level, each and both together, and nothing is left: $how',
    {
      timeout: MINUTES,
    },
    async ({ inputs, level }) => {
      const { outputs, exitCode, printed } = await office.run('qemu/group-backup', BOTH, ...inputs)
      expect(exitCode, printed).toBe(0)
      const points = (outputs.points as readonly JsonObject[]).toSorted((a, b) => String(a.name).localeCompare(String(b.name)))
      expect(points).toMatchObject(ROLES.map((name) => ({ name, consistency: level, leftOut: [] })))
      const ids = Object.fromEntries(points.map(({ name, pointId }) => [name, pointId])) as Record<Role, string>
      const { first, second } = await worthOf(ids)
      expect([first.level, second.level, levelOfBoth(first, second)], JSON.stringify([first, second])).toEqual([
        level,
        level,
        level,
      ])
      for (const role of ROLES) expect([...(await whatIsLeft(guests[role])), ...(await whatIsHeld(guests[role]))]).toEqual([])
    },
  )

  test('P2, P5: of which one cannot be frozen whole have no point made of any; the other is thawed, and both go on', {
    timeout: MINUTES,
  }, async () => {
    await runInGuest(guests.second, '/bin/fsfreeze', ['--freeze', '/wal'])
    const { exitCode, printed } = await office.run('qemu/group-backup', BOTH)
    expect(exitCode).not.toBe(0)
    expect(printed).toContain('1 of 2 file systems were frozen')
    for (const role of ROLES) expect([...(await whatIsLeft(guests[role])), ...(await whatIsHeld(guests[role]))]).toEqual([])
    const before = await lastTransactionIn(guests.second)
    await untilWritten(guests.second, before + 1)
  })

  // The last: from here on the second one has no agent.
  test('P9: of which one has no agent have no point made of any before anything is touched; or its own claims no more than crash', {
    timeout: MINUTES,
  }, async () => {
    await removeAgent(guests.second)
    const failed = await office.run('qemu/group-backup', BOTH)
    expect(failed.exitCode).not.toBe(0)
    expect(failed.printed).toContain('no guest agent answers in second')
    expect(failed.printed).not.toContain('"event":"obligation"')

    const { exitCode, outputs, printed } = await office.run('qemu/group-backup', BOTH, 'withoutAgent=crash')
    expect(exitCode, printed).toBe(0)
    const claims = (outputs.points as readonly JsonObject[]).map(({ name, consistency }) => `${name} ${consistency}`)
    expect(claims.toSorted()).toEqual(['first filesystem', 'second crash'])
    for (const role of ROLES) expect(await whatIsLeft(guests[role])).toEqual([])
  })
})

async function untilWritten(guest: Guest, transaction: number): Promise<void> {
  while ((await lastTransactionIn(guest)) < transaction);
}
