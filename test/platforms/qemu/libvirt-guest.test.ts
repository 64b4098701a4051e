// The measuring guest under a real libvirt: asked and frozen through libvirt alone, backed up, restored and booted.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/engine/index.ts'
import { agentChannel } from '../../../src/platforms/guest/agent-programs.ts'
import { runsOver } from '../../../src/platforms/guest/programs.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { channelContract } from '../guest/channel.contract.ts'
import { measurePoint } from './boots.ts'
import { hasGuest } from './has-guest.ts'
import { backedUpInTime, hasLibvirt, type Libvirt, startLibvirt } from './libvirt.ts'
import { type LibvirtGuest, startLibvirtGuest } from './libvirt-guest.ts'
import { openOffice } from './office.ts'

const MINUTES = 900_000
const never = new AbortController().signal

describe.runIf(hasLibvirt && hasGuest)('the measuring guest under a real libvirt', { timeout: MINUTES }, () => {
  const opened = new AsyncDisposableStack()
  let folder: string
  let libvirt: Libvirt
  let guest: LibvirtGuest

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hf-lvg-'))
    opened.defer(() => rmSync(folder, { recursive: true, force: true }))
    libvirt = opened.use(await startLibvirt(folder))
    guest = opened.use(await startLibvirtGuest(libvirt, join(folder, 'vm')))
  }, MINUTES)
  afterAll(() => opened.disposeAsync(), MINUTES)

  test('P9: is worth what its point claims, frozen and made ready through libvirt', async () => {
    mkdirSync(join(folder, 'desk'))
    const place = { libvirt: libvirt.uri, domain: 'measured' }
    const office = await openOffice(join(folder, 'desk'), {
      hypervisor: { connection: 'qemu/Hypervisor', ...place, scratchDirectory: join(folder, 'vm') },
      guest: { connection: 'guest/Machine', channel: 'libvirt', ...place },
    })
    let point: JsonObject
    // A thaw that a busy machine lets come too late lowers what the point claims, and rightly so.
    do point = await backedUpInTime(office, 'scripts=other', 'full=true')
    while (point.consistency !== 'application')
    await libvirt.virsh('suspend', 'measured')
    const { level } = await measurePoint(office, String(point.pointId), join(folder, 'boot'))
    await libvirt.virsh('resume', 'measured')
    expect(level).toBe('application')
  })

  describe('by its QEMU guest agent', () => {
    channelContract(
      () => ({
        channel: (clock) => agentChannel(guest.domain, clock),
        exists: async (path) => {
          const looking = { argv: ['test', '-e', path], deadlineMs: MINUTES, maxOutputBytes: 0 } as const
          const { end } = await runsOver(agentChannel(guest.domain, systemClock), systemClock)(looking, never)
          return end.kind === 'exited' && end.exitCode === 0
        },
      }),
      // In base64 they are a question of 107 KiB.
      { tellsSignals: true, carries: (character) => !/\p{Noncharacter_Code_Point}/u.test(character), manyBytes: 80_000 },
    )
  })
})
