// Two measuring guests under a real libvirt whose writers share transactions: backed up as one, and killed over it.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { levelOfBoth, type Measured } from '../../../src/platforms/qemu/measuring/measure.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { startHoldfast } from '../../acceptance/holdfast.ts'
import { measurePoint } from './boots.ts'
import { hasGuest } from './has-guest.ts'
import { whatIsHeld, whatIsLeft } from './left-behind.ts'
import { hasLibvirt, type Libvirt, ranInTime, startLibvirt } from './libvirt.ts'
import { type LibvirtGuest, startLibvirtGuest } from './libvirt-guest.ts'
import { type Office, openOffice } from './office.ts'

const MINUTES = 900_000
const ROLES = ['first', 'second'] as const
type Role = (typeof ROLES)[number]
const UUIDS = { first: '31111111-5a3b-4a0e-8f57-6b9a1c2d3e4f', second: '32222222-5a3b-4a0e-8f57-6b9a1c2d3e4f' } as const
const BOTH = 'vms=["first","second"]'

describe.runIf(hasLibvirt && hasGuest)('two guests under a real libvirt that share transactions', { timeout: MINUTES }, () => {
  const opened = new AsyncDisposableStack()
  const guests = {} as Record<Role, LibvirtGuest>
  let folder: string
  let libvirt: Libvirt
  let office: Office

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hf-lvgr-'))
    opened.defer(() => rmSync(folder, { recursive: true, force: true }))
    libvirt = opened.use(await startLibvirt(folder))
    for (const role of ROLES) {
      // The socket lies where its owner may make it.
      const link = { path: join(folder, 'first', 'link.sock'), role }
      guests[role] = opened.use(await startLibvirtGuest(libvirt, join(folder, role), {}, { name: role, uuid: UUIDS[role], link }))
    }
    mkdirSync(join(folder, 'desk'))
    office = await openOffice(join(folder, 'desk'), {
      hypervisor: { connection: 'qemu/Hypervisor', libvirt: libvirt.uri, domain: '{vm}', scratchDirectory: join(folder, '{vm}') },
      guest: { connection: 'guest/Machine', channel: 'libvirt', libvirt: libvirt.uri, domain: '{vm}' },
    })
  }, MINUTES)
  afterAll(() => opened.disposeAsync(), MINUTES)

  const leftAndHeld = async (): Promise<readonly string[]> => {
    const found = ROLES.map(async (role) => {
      const { domain, ownMonitor } = guests[role]
      const place = { monitorPath: ownMonitor, agentPath: domain, folder: join(folder, role) }
      return [...(await whatIsLeft(place)), ...(await whatIsHeld(place))]
    })
    return (await Promise.all(found)).flat()
  }

  /** Of points of both, booted while those that wrote them stand still: nobody else computes then. */
  const worthOf = async (points: readonly JsonObject[]): Promise<readonly Measured['level'][]> => {
    for (const role of ROLES) await libvirt.virsh('suspend', role)
    const measured = {} as Record<Role, Measured>
    for (const role of ROLES) {
      const { pointId } = points.find(({ name }) => name === role) ?? {}
      measured[role] = await measurePoint(office, String(pointId), join(folder, `boot-${role}`))
    }
    for (const role of ROLES) await libvirt.virsh('resume', role)
    return [measured.first.level, measured.second.level, levelOfBoth(measured.first, measured.second)]
  }

  test('P4, P9: are frozen together, and what changed since is worth as much as both were', async () => {
    const backup = async (): Promise<readonly JsonObject[]> =>
      (await ranInTime(office, 'qemu/group-backup', BOTH)).points as readonly JsonObject[]
    await backup()
    let points: readonly JsonObject[]
    // A thaw that a busy machine lets come too late lowers what the points claim, and rightly so.
    do points = await backup()
    while (points.some(({ consistency }) => consistency !== 'filesystem'))
    expect(points.map(({ level }) => level)).toEqual(['incremental', 'incremental'])
    expect(await worthOf(points)).toEqual(['filesystem', 'filesystem', 'filesystem'])
    expect(await leftAndHeld()).toEqual([])
  })

  test.each(['guest/filesystems.freeze', 'qemu/vm.pause', 'qemu/snapshot.create', 'block-transfer/copy'])(
    'P2, P5: whose backup is killed at %s are both let go of, and nothing is left',
    async (action) => {
      const { child, ended, says } = startHoldfast(
        { cwd: office.folder, env: office.env },
        'run',
        'qemu/group-backup',
        '-i',
        BOTH,
        '--format',
        'json',
      )
      const printed = await says(`"${action}"`)
      child.kill('SIGKILL')
      await ended
      const [, runId = ''] = /"run":"([^"]+)"/.exec(printed) ?? []
      const { printed: resumed } = await office.resume(runId)
      expect(await leftAndHeld(), resumed).toEqual([])
    },
  )
})
