// The faults that rehearsals draw: the whole list, and that each of them strikes.
import { describe, expect, it } from 'vitest'
import { platforms } from '../../src/platforms/index.ts'
import { drawFaults, groundOf, nameOf } from '../../src/rehearse/draw.ts'
import { DISK_FAULTS, type Fault, JOURNAL_FAULTS, type Rehearsal, WIRE_FAULTS } from '../../src/rehearse/model.ts'
import { rehearseOnce } from '../../src/rehearse/perform.ts'
import { sceneOf } from './scenes.ts'

const troupe = { platforms, seed: 'faults', before: [], scene: sceneOf('vm-backup') }
const CLOUD = 'sangfor-scp/Connection'
const VAULT = 'block-transfer/Vault'

const { standIns, ...plain } = await rehearseOnce(troupe, 0, [])
const ground = groundOf(plain, standIns)

async function once(fault: Fault): Promise<Rehearsal> {
  const { standIns: _, ...rehearsal } = await rehearseOnce(troupe, 1, [fault])
  return rehearsal
}

/** What is told of a rehearsal but its faults. */
const seen = ({ status, failure, resumed, tookMs, records, calls, disks }: Rehearsal) => ({
  status,
  failure,
  resumed,
  tookMs,
  records,
  calls,
  disks,
})

async function strikes(fault: Fault): Promise<Rehearsal> {
  const rehearsal = await once(fault)
  expect(seen(rehearsal)).not.toEqual(seen(plain))
  expect(rehearsal.violations).toEqual([])
  return rehearsal
}

describe('the faults of rehearsals', () => {
  it('are drawn from this table', () => {
    const drawn = new Set<string>()
    const jumps = new Set<number>()
    for (let number = 1; number <= 2000; number += 1) {
      for (const fault of drawFaults(ground, 'table', number, 3)) {
        drawn.add(nameOf(fault))
        if (fault.kind === 'crash') jumps.add(fault.clockSetByMs)
      }
    }
    expect([...drawn].sort()).toEqual(
      [
        // On the wire of the API:
        ...['refused', 'certificateUnknown', 'reset', 'hangs', 'answered429', 'answered503'],
        ...['answerLost', 'answerCut', 'answered500', 'wrongContentType', 'hangsAfter', 'slow', 'twice'],
        // On the wire to disks:
        ...[
          'disks: refused',
          'disks: certificateUnknown',
          'disks: hangs',
          'disks: slow',
          'disks: reset',
          'disks: cut',
          'disks: short',
        ],
        // Inside the platform:
        ...['failTask', 'stickTask', 'expireLease', 'expireTracking', 'appearLate', 'overQuota', 'proxyOff'],
        // Under the vault, and under the journal:
        ...['ENOSPC', 'EIO', 'syncFails', 'torn', 'journal: ENOSPC', 'journal: EIO'],
        // Of the process, and of people:
        ...['crash before a record', 'crash after a record', 'cancel'],
      ].sort(),
    )
    expect(jumps).toEqual(new Set([0, 86_400_000, 3_600_000, -3_600_000]))
  })

  it.each(WIRE_FAULTS)('strike: %s on the wire of the API', async (does) => {
    // A proxy repeats no POST.
    await strikes({ kind: 'wire', operation: does === 'twice' ? 'listSnapshots' : 'createBackupResource', skip: 0, does })
  })

  it.each(DISK_FAULTS.connect)('strike: %s where a disk is opened', async (does) => {
    await strikes({ kind: 'disks', at: 'connect', skip: 0, does })
  })

  it.each(DISK_FAULTS.answer)('strike: %s in what comes from a disk, in the handshake and in the data', async (does) => {
    if (does !== 'short') await strikes({ kind: 'disks', at: 'answer', skip: 0, does })
    await strikes({ kind: 'disks', at: 'answer', skip: 8, does })
  })

  it.each([
    ['failTask', 'createSnapshot'],
    ['stickTask', 'createBackupResource'],
    ['appearLate', 'createSnapshot'],
    ['overQuota', 'createSnapshot'],
    ['expireLease', 'listChangedAreas'],
    // Without a base it goes unseen by a full backup, and is asked for again by the next one: see the runbook rehearsed twice.
    ['expireTracking', 'getCbtStatus'],
  ])('strike: %s inside the platform, at %s', async (does, operation) => {
    const fault = { kind: 'inside', connection: CLOUD, operation, skip: 0, does } as const
    if (does !== 'expireTracking') return void (await strikes(fault))
    const again = { ...troupe, before: [troupe.scene] }
    const { outputs } = await rehearseOnce(again, 1, [])
    const { standIns: _, ...struck } = await rehearseOnce(again, 1, [fault])
    expect(outputs?.level).toBe('incremental')
    expect(struck).toMatchObject({ outputs: { level: 'full' }, violations: [] })
  })

  it.each(['ENOSPC', 'EIO', 'syncFails', 'torn'])('strike: %s while the vault is written [P7]', async (does) => {
    const { status, resumed } = await strikes({ kind: 'inside', connection: VAULT, operation: 'put', skip: 1, does })
    expect({ status, resumed }).toEqual(does === 'torn' ? { status: 'succeeded', resumed: 1 } : { status, resumed: 0 })
  })

  it.each(JOURNAL_FAULTS)('strike: %s of the journal at any record, and the next engine goes on [P1, P2]', async (does) => {
    for (const record of [1, 9, plain.records]) {
      const { resumed } = await strikes({ kind: 'journal', record, does })
      expect(resumed).toBe(1)
    }
  })

  it('strike: a crash on either side of a record, with the clock set meanwhile, and a cancel', async () => {
    for (const moment of ['before', 'after'] as const) {
      const { resumed } = await strikes({ kind: 'crash', record: 9, moment, clockSetByMs: 3_600_000 })
      expect(resumed).toBe(1)
    }
    expect((await strikes({ kind: 'cancel', record: 9 })).status).toBe('cancelled')
  })
})
