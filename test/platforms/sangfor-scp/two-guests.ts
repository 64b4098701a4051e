// Two guests to back up, and what every test on them needs: backups that succeed, restores compared byte for byte, nothing left behind.
import { afterEach, beforeEach, expect } from 'vitest'
import { firstDifference, type SimulatedVm } from '../../../src/platforms/sangfor-scp/simulator/index.ts'
import { MIB, type Stage, startStage } from './stage.ts'

export interface Point {
  readonly pointId: string
  readonly serverId: string
  readonly level: string
  readonly consistency: string
  readonly bytesRead: number
  readonly bytesUnchanged: number
}

export let stage: Stage
export let vms: SimulatedVm[]
export let ids: string[]
/** Call in a describe block: a fresh platform and vault for each test, judged after it. */
export function useTwoGuests(): void {
  beforeEach(async () => {
    stage = await startStage()
    vms = ['erp-db', 'erp-app'].map((name) =>
      stage.scp.addVm({
        name,
        disks: [{ sizeBytes: 16 * MIB, files: { 'A.TXT': `hello from ${name}` } }, { sizeBytes: 4 * MIB + 512 }],
      }),
    )
    ids = vms.map(({ id }) => id)
  })
  afterEach(async () => {
    expect(stage.scp.violations).toEqual([])
    expect(stage.scp.leaks()).toEqual([])
    expect(stage.owed()).toEqual([])
    await stage[Symbol.asyncDispose]()
  })
}

export async function backUpGroup(groupId: string, inputs = {}): Promise<Point[]> {
  const outcome = await stage.run('consistency-group-backup', { groupId, ...inputs })
  expect(outcome).toMatchObject({ status: 'succeeded' })
  return (outcome.outputs as unknown as { points: Point[] }).points
}

export async function backUp(serverId: string, inputs = {}): Promise<Point> {
  const outcome = await stage.run('vm-backup', { serverId, ...inputs })
  expect(outcome).toMatchObject({ status: 'succeeded' })
  return { serverId, ...(outcome.outputs as unknown as Omit<Point, 'serverId'>) }
}

/** Restores the point and compares every disk, byte for byte, with what the snapshot held. */
export async function restoreAndCompare({ pointId, serverId }: Point): Promise<void> {
  const outcome = await stage.run('vm-restore', { pointId })
  expect(outcome).toMatchObject({ status: 'succeeded' })
  const restored = String(outcome.outputs?.serverId)
  const { platform, disks } = await stage.vault.point(pointId)
  const { snapshotId } = platform as unknown as { snapshotId: string }
  expect(disks).toHaveLength(2)
  for (const { disk } of disks) {
    const held = stage.scp.snapshotDisk(snapshotId, serverId, disk)
    if (!held) throw new Error(`the simulator does not know snapshot ${snapshotId} any more`)
    expect(firstDifference(stage.scp.disk(restored, disk), held)).toBeUndefined()
  }
}

/** What a restore in place has to make of the VM: every disk, byte for byte, is what the snapshot held. */
export async function expectTakenBack({ pointId, serverId }: Point): Promise<void> {
  const { platform, disks } = await stage.vault.point(pointId)
  const { snapshotId } = platform as { snapshotId: string }
  for (const { disk } of disks) {
    const held = stage.scp.snapshotDisk(snapshotId, serverId, disk)
    if (!held) throw new Error(`the simulator does not know snapshot ${snapshotId} any more`)
    expect(firstDifference(stage.scp.disk(serverId, disk), held)).toBeUndefined()
  }
}

export const writeEverywhere = () => {
  for (const { guest } of vms) guest.write(6)
}

/** Locks that runs wait for. */
export const waitedFor = (): readonly string[] => {
  const names = new Set<string>()
  for (const seen of stage.observations) {
    if (seen.kind !== 'report' || seen.report.kind !== 'lock') continue
    if (seen.report.state === 'waits') names.add(seen.report.name)
    else names.delete(seen.report.name)
  }
  return [...names]
}

/** As a run of somebody else does, until it is let go. */
export async function holdLock(name: string): Promise<() => Promise<void>> {
  const { journal } = stage
  const id = 'of-another'
  await journal.createRun({ id, runbook: 't/another', runbookVersion: '1.0.0', pins: {}, inputs: {}, targets: {}, createdAt: 1 })
  const epoch = (await journal.claim(id, 'another', true)) ?? 0
  expect(await journal.tryLock(name, id, epoch)).toBe(true)
  return () => journal.append(id, epoch, { events: [], obligations: [], unlocks: [name] })
}
